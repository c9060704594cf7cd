extension TransformMoments {
    /// Whether a decoder knows it all without a word: first moment zero or none, second moment its exponents.
    var isImplied: Bool {
        if case .levels = first { return false }
        return secondStep == 0
    }

    func write(to writer: inout ByteWriter) {
        if case .levels(let rule, let step, let centroids) = first {
            writer.append(1 | (secondStep > 0 ? 2 : 0))
            writer.append(littleEndian: rule.factor.bitPattern)
            writer.append(littleEndian: rule.epsilon.bitPattern)
            writer.append(varint: Int(step))
            for offset in centroids.offsets { writer.append(UInt8(bitPattern: offset)) }
        } else {
            writer.append(secondStep > 0 ? 2 : 0)
        }
        if secondStep > 0 { writer.append(UInt8(secondStep)) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let flags = try reader.readByte()
        guard flags < 4 else { throw reader.corrupt("the moments are coded in an unknown way") }
        first = .zero
        if flags & 1 != 0 {
            let factor = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
            let epsilon = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
            guard let rule = Displacement(factor: factor, epsilon: epsilon) else {
                throw reader.corrupt("a displacement out of range")
            }
            let step = try reader.readStep()
            var centroids = DeadZone.Centroids()
            try centroids.read(from: &reader)
            first = .levels(rule, step: step, centroids)
        }
        if flags & 2 != 0 {
            secondStep = Int32(try reader.readByte())
            guard (1...64).contains(secondStep) else { throw reader.corrupt("a second moment's step out of range") }
        }
    }
}
