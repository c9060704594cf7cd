/// Quantizes parameters for method `transform` (`Docs/method.md`), and restores them as a decoder will.
///
/// Everything here is Doubles in a fixed order and exact products, so the same input gives the same bytes everywhere.
package struct TransformEncoder: Sendable {
    package let settings: TransformSettings

    package init(settings: TransformSettings) { self.settings = settings }

    /// Quantizes a parameter against its predecessor, or on its own if it has none or has become another.
    /// - Returns: `nil` if it must be stored exactly: values beyond what the grid or the format can hold, a keyframe of
    ///   which nothing tells how fine it must be, an error that no step keeps below the bound.
    /// - Throws: only for a state that is damaged.
    package func encode(_ input: ParameterInput) throws(CodecError) -> EncodedParameter? {
        guard let exponents = exponents(input) else { return nil }
        var change: WeightChange?
        if let previous = input.previous { change = WeightChange(input, since: previous) }
        let member: EncodedParameter?
        if let change, !change.isJump {
            member = try delta(input, change, exponents: exponents)
        } else {
            member = try keyframe(input, exponents: exponents)
        }
        guard var member else { return nil }
        if member.header.kind != .keyframe { member.change = change }
        guard !input.format.hasNonFinite(member.weight) else { return nil }
        let before = member.header.kind == .keyframe ? [] : input.state?.exponents ?? []
        for (position, fitted) in exponents.enumerated() {
            let previous = position < before.count ? before[position] : nil
            member.exponentSymbols.append(fitted.encode(previous: previous))
            member.hadExponents.append(previous != nil)
        }
        addMoments(input, to: &member)
        return member
    }

    // MARK: Exponents

    /// `nil` where a second moment holds a value that is none.
    private func exponents(_ input: ParameterInput) -> [RankOneExponents]? {
        if !input.exponents.isEmpty { return input.exponents }
        var result: [RankOneExponents] = []
        for (position, moment) in [input.second, input.maximum].enumerated() {
            guard let moment else { break }
            let before = input.state?.exponents
            guard
                let fitted = Self.fit(
                    moment.values, rows: input.form.rows, columns: input.form.columns, first: input.first?.values,
                    previous: before.flatMap { position < $0.count ? $0[position] : nil }, moves: settings.exponentMoves
                )
            else { return nil }
            result.append(fitted)
        }
        return result
    }

    /// Exponents of a second moment, `nil` where it holds NaN, infinity or a negative value.
    package static func fit(
        _ values: [Float], rows: Int, columns: Int, first: [Float]?, previous: RankOneExponents?, moves: ExponentMoves
    ) -> RankOneExponents? {
        values.withUnsafeBufferPointer { values in
            guard let first else {
                return RankOneExponents.fit(
                    values, rows: rows, columns: columns, first: nil, previous: previous, moves: moves)
            }
            return first.withUnsafeBufferPointer {
                RankOneExponents.fit(values, rows: rows, columns: columns, first: $0, previous: previous, moves: moves)
            }
        }
    }

    /// log2 of a size in 64ths of an octave.
    static func level(_ size: Double) -> Int32 {
        Int32(max(Int(TransformHeader.levelRange.lowerBound), PowerTable.log2(size, parts: 64)))
    }

    /// Adds what the next step must know of the original: how far the restored weight is from it.
    /// - Parameter origin: what the chain begins with, where it begins; in a keyframe the weight itself.
    func addSketches(_ input: ParameterInput, to member: inout EncodedParameter, origin: [UInt8]?) {
        let isKeyframe = member.header.kind == .keyframe
        var missing = ChangeSketch(input.weight, less: member.weight, input.format)
        var lacking: StoredSketch?
        switch input.lacking {
        case .nothing: break
        case .sketch(let kept):
            lacking = kept
            member.overlap = missing.product(kept.sketch)
            missing = missing + kept.sketch
        case .unknown: return
        }
        member.header.missing = StoredSketch(missing, isKeyframe ? .keyframe : .delta, from: lacking)
        if let origin {
            var sketch = ChangeSketch(origin, input.format)
            if isKeyframe, let lacking { sketch = sketch + lacking.sketch }
            member.header.origin = sketch.sums.map { Float($0) }
        }
        member.state.takeSketches(member.header)
        guard !isKeyframe else { return }
        let start = ChangeSketch(sums: member.state.origin.map { Double($0) })
        var now = ChangeSketch(input.weight, input.format)
        if let lacking { now = now + lacking.sketch }
        member.changeSinceStart = (now - start).energy
    }
}
