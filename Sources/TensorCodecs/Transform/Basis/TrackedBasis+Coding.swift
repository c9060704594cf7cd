extension TrackedBasis {
    func serialise(into writer: inout ByteWriter) {
        let (count, size) = (reflector.vectors.matrix.rows, reflector.vectors.matrix.columns)
        writer.append(littleEndian: Int64(exponent))
        writer.append(littleEndian: total.bitPattern)
        for energy in directionEnergies { writer.append(littleEndian: energy.bitPattern) }
        // What stands before a reflection's first element is zero, and the first is one.
        for row in 0..<count {
            for column in row + 1..<max(size, row + 1) {
                writer.append(littleEndian: Int16(reflector.vectors.matrix.values[row * size + column]))
            }
        }
    }

    init(from reader: inout ByteReader, size: Int, directions count: Int) throws(CodecError) {
        let exponent = Int(try reader.read(littleEndian: Int64.self))
        // A byte of every element, at the least: half of them are stored, in two bytes each.
        guard abs(exponent / 2) < 1 << 40, (size * count - count * (count + 1) / 2) <= reader.remaining / 2 else {
            throw reader.corrupt("no basis of \(count) in \(size) directions")
        }
        let total = try TrackedBasis.energy(from: &reader)
        var energies = [Double](repeating: 0, count: count)
        for i in energies.indices { energies[i] = try TrackedBasis.energy(from: &reader) }
        var values = [Double](repeating: 0, count: count * size)
        for row in 0..<count {
            values[row * size + row] = 0x1p14
            for column in row + 1..<max(size, row + 1) {
                let value = Double(try reader.read(littleEndian: Int16.self))
                guard value.magnitude <= 0x1p14 else { throw reader.corrupt("no reflection") }
                values[row * size + column] = value
            }
        }
        let vectors = IntegerMatrix(rows: count, columns: size, values: values)
        guard let reflector = BlockReflector(vectors: vectors) else { throw reader.corrupt("no reflections") }
        self.init(reflector: reflector, directionEnergies: energies, total: total, exponent: exponent)
    }

    private static func energy(from reader: inout ByteReader) throws(CodecError) -> Double {
        let value = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
        guard value >= 0, value <= 2 else { throw reader.corrupt("no energy") }
        return value
    }
}
