/// The part of a parameter's moments that no later step builds on.
package struct TransformMoments: Sendable {
    /// First moment of a step that is no keyframe.
    package enum First: Sendable, Hashable {
        /// There is none, or the keyframe's header has it.
        case none
        /// Restored as zero: its displacement lies below the weight's step.
        case zero
        case levels(AdamUpdate, stepSize: Int64, DeadZone.Centroids)
    }
    var first = First.none
    var firstLevels: [Int32] = []
    /// Quarter octaves of the second moment's residual; 0 for none.
    var secondStepSize: Int32 = 0
    var secondLevels: [Int32] = []
}

extension TransformMoments {
    /// Whether a decoder knows it all without a word: first moment zero or none, second moment its exponents.
    var isImplied: Bool {
        if case .levels = first { return false }
        return secondStepSize == 0
    }

    func write(to writer: inout ByteWriter) {
        if case .levels(let rule, let stepSize, let centroids) = first {
            writer.append(1 | (secondStepSize > 0 ? 2 : 0))
            writer.append(littleEndian: rule.factor.bitPattern)
            writer.append(littleEndian: rule.epsilon.bitPattern)
            writer.append(varint: Int(stepSize))
            for offset in centroids.offsets { writer.append(UInt8(bitPattern: offset)) }
        } else {
            writer.append(secondStepSize > 0 ? 2 : 0)
        }
        if secondStepSize > 0 { writer.append(UInt8(secondStepSize)) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let flags = try reader.readByte()
        guard flags < 4 else { throw reader.corrupt("the moments are coded in an unknown way") }
        first = .zero
        if flags & 1 != 0 {
            let factor = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
            let epsilon = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
            guard let rule = AdamUpdate(factor: factor, epsilon: epsilon) else {
                throw reader.corrupt("a displacement out of range")
            }
            let stepSize = try reader.readStepSize()
            var centroids = DeadZone.Centroids()
            try centroids.read(from: &reader)
            first = .levels(rule, stepSize: stepSize, centroids)
        }
        if flags & 2 != 0 {
            secondStepSize = Int32(try reader.readByte())
            guard (1...64).contains(secondStepSize) else {
                throw reader.corrupt("a second moment's step size out of range")
            }
        }
    }

    /// The second moment's restored values, before they are rounded to their format.
    func second(_ exponents: RankOneExponents) -> [Float] {
        guard secondStepSize > 0 else { return exponents.values }
        return [Float](unsafeUninitializedCapacity: secondLevels.count) { output, filled in
            secondLevels.withUnsafeBufferPointer {
                exponents.restore(residual: $0, stepSize: secondStepSize, into: output.prefix(secondLevels.count))
            }
            filled = secondLevels.count
        }
    }

    /// The first moment's restored values in a step that is no keyframe.
    /// - Parameters:
    ///   - unit: the group's grid.
    ///   - second: what `second` gave, if there is one.
    func first(unit: Int32, scale: MatrixScale, form: MatrixForm, second: [Float]?) -> [Float] {
        var values = [Float](repeating: 0, count: form.count)
        guard case .levels(let rule, let stepSize, let centroids) = first else { return values }
        let grid = PowerTable.two(Int(unit))
        ElementScale(scale, form).forEach { index, factor in
            let level = firstLevels[index]
            guard level != 0 else { return }
            let units = Double(centroids.value(level, stepSize: stepSize)) * grid
            // Largest finite instead of infinity: what was quantized was finite.
            let value = units * factor * rule.gain(second?[index])
            values[index] = Float(max(-0x1.fffffep+127, min(0x1.fffffep+127, value)))
        }
        return values
    }
}

extension RankOneExponents {
    /// The matrix, row by row.
    package var values: [Float] {
        let count = rows.count * columns.count
        return [Float](unsafeUninitializedCapacity: count) { output, filled in
            restore(into: output.prefix(count))
            filled = count
        }
    }
}

extension UnsafeMutableBufferPointer {
    fileprivate func prefix(_ count: Int) -> UnsafeMutableBufferPointer {
        UnsafeMutableBufferPointer(rebasing: self[..<count])
    }
}
