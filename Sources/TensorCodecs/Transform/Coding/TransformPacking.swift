/// Parameters of method `transform` as bytes: one blob that the chain builds on, one for the rest of the moments.
///
/// The first blob: the header of every parameter, then seven streams behind their byte counts: exponents, energies,
/// levels of deltas, levels of keyframes, first moments of keyframes, held rows, held elements of mixed rows. Streams are
/// `RansCoder`, all parameters together.
package enum TransformPacking {
    /// Bytes of a parameter's roles in a blob.
    package struct Share: Sendable, Hashable {
        package var weight = 0
        package var first = 0
        package var second = 0
        package var maximum = 0
    }

    package struct Packed: Sendable {
        package var bytes: [UInt8]
        package var shares: [Share]
    }

    /// Blob one.
    package static func packChain(_ members: [EncodedParameter]) throws(CodecError) -> Packed {
        var writer = ByteWriter()
        var shares = [Share](repeating: Share(), count: members.count)
        for (position, member) in members.enumerated() {
            let start = writer.count
            member.header.write(to: &writer)
            shares[position].weight = writer.count - start
        }
        var exponents = Stream(), energies = Stream(), deltas = Stream(), keyframes = Stream(), moments = Stream()
        var heldRows = Stream(), heldElements = Stream()
        for (position, member) in members.enumerated() {
            for (number, symbols) in member.exponentSymbols.enumerated() {
                exponents.add(
                    symbols, ExponentClasses.classes(member.form, isDifference: member.hadExponents[number]), position,
                    number == 0 ? \.second : \.maximum)
            }
            if member.header.kind == .keyframe {
                keyframes.add(member.levels, member.classes, position, \.weight)
                moments.add(
                    member.momentLevels, [UInt8](repeating: 0, count: member.momentLevels.count), position, \.first)
            } else {
                energies.add(
                    member.energySymbols, [UInt8](repeating: 0, count: member.energySymbols.count), position, \.weight)
                deltas.add(member.levels, member.classes, position, \.weight)
            }
            guard member.header.holdsElements else { continue }
            let state = member.state, held = state.held.symbols(state.form)
            heldRows.add(held.rows, [UInt8](repeating: 0, count: held.rows.count), position, \.weight)
            heldElements.add(
                held.elements, HeldElements.classes(held.rows, base: state.base, state.format, state.form), position,
                \.weight)
        }
        for stream in [exponents, energies, deltas, keyframes, moments, heldRows, heldElements] {
            try stream.write(to: &writer, &shares)
        }
        return Packed(bytes: writer.bytes, shares: shares)
    }

    /// Blob two; `nil` where all of it follows from blob one.
    package static func packMoments(_ members: [EncodedParameter]) throws(CodecError) -> Packed? {
        guard members.contains(where: { !$0.moments.isImplied }) else { return nil }
        var writer = ByteWriter()
        var shares = [Share](repeating: Share(), count: members.count)
        for (position, member) in members.enumerated() {
            let start = writer.count
            member.moments.write(to: &writer)
            shares[position].first = writer.count - start
        }
        var first = Stream(), second = Stream()
        for (position, member) in members.enumerated() {
            let moments = member.moments
            first.add(moments.firstLevels, [UInt8](repeating: 0, count: moments.firstLevels.count), position, \.first)
            second.add(
                moments.secondLevels, [UInt8](repeating: 0, count: moments.secondLevels.count), position, \.second)
        }
        for stream in [first, second] { try stream.write(to: &writer, &shares) }
        return Packed(bytes: writer.bytes, shares: shares)
    }

    /// Levels of several parameters on their way into one stream.
    private struct Stream {
        var levels: [Int32] = []
        var classes: [UInt8] = []
        var segments: [Int] = []
        var owners: [(position: Int, role: WritableKeyPath<Share, Int>)] = []

        mutating func add(_ levels: [Int32], _ classes: [UInt8], _ position: Int, _ role: WritableKeyPath<Share, Int>) {
            guard !levels.isEmpty else { return }
            if self.levels.isEmpty {
                (self.levels, self.classes) = (levels, classes)
            } else {
                self.levels += levels
                self.classes += classes
            }
            segments.append(levels.count)
            owners.append((position, role))
        }

        func write(to writer: inout ByteWriter, _ shares: inout [Share]) throws(CodecError) {
            guard !levels.isEmpty else {
                writer.append(varint: 0)
                return
            }
            let packed = try RansCoder.encode(levels, classes: classes, segments: segments)
            writer.append(varint: packed.bytes.count)
            writer.append(contentsOf: packed.bytes)
            for (owner, share) in zip(owners, packed.shares) { shares[owner.position][keyPath: owner.role] += share }
        }
    }
}
