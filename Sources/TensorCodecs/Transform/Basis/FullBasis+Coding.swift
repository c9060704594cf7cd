extension FullBasis {
    func serialise(into writer: inout ByteWriter) {
        let size = covariance.rows
        writer.append(littleEndian: Int64(exponent))
        for row in 0..<size {
            for column in row..<size { writer.append(littleEndian: Int32(covariance.values[row * size + column])) }
        }
        for value in directions.matrix.values { writer.append(littleEndian: Int16(value)) }
        for energy in energies { writer.append(littleEndian: energy) }
    }

    init(from reader: inout ByteReader, size: Int) throws(CodecError) {
        let exponent = Int(try reader.read(littleEndian: Int64.self))
        // Two bytes a direction's element, and two more for half of the covariance.
        guard size <= reader.remaining / 4, size * size <= reader.remaining / 4, abs(exponent / 2) < 1 << 40 else {
            throw reader.corrupt("no basis of \(size) directions")
        }
        var covariance = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in row..<size {
                let value = Double(try reader.read(littleEndian: Int32.self))
                covariance[row * size + column] = value
                covariance[column * size + row] = value
            }
        }
        var directions = [Double](repeating: 0, count: size * size)
        for i in directions.indices { directions[i] = Double(try reader.read(littleEndian: Int16.self)) }
        var energies = [Int32](repeating: 0, count: size)
        for i in energies.indices { energies[i] = try reader.read(littleEndian: Int32.self) }
        self.init(
            covariance: IntegerMatrix(rows: size, columns: size, values: covariance), exponent: exponent,
            directions: IntegerMatrix(rows: size, columns: size, values: directions), energies: energies)
    }
}
