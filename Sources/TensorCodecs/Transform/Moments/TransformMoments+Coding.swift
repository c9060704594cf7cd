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
}
