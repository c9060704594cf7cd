extension SingleState {
    /// The state as bytes.
    package func packed() throws(CodecError) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(kind.rawValue)
        switch kind {
        case .sizes: break
        case .finerSizes: writer.append(UInt8(residualStepSize))
        case .scaled, .plain:
            writer.append(signed: Int(grid.unit))
            writer.append(varint: Int(grid.stepSize))
            for offset in grid.centroids.offsets { writer.append(UInt8(bitPattern: offset)) }
        }
        if let exponents {
            let symbols = exponents.encode(previous: nil)
            let packed = try RansCoder.encode(
                symbols, classes: Self.exponentClasses(exponents.rows.count, exponents.columns.count),
                segments: [symbols.count])
            writer.append(varint: packed.bytes.count)
            writer.append(contentsOf: packed.bytes)
        }
        let packed = try RansCoder.encode(
            levels, classes: [UInt8](repeating: 0, count: levels.count), segments: [levels.count])
        writer.append(contentsOf: packed.bytes)
        return writer.bytes
    }

    /// Reverses `packed`.
    /// - Throws: `.corrupt` for anything that it does not write.
    package init(_ bytes: [UInt8], _ form: MatrixForm) throws(CodecError) {
        var reader = ByteReader(bytes)
        guard let kind = Kind(rawValue: try reader.readByte()) else {
            throw reader.corrupt("a state that is coded in an unknown way")
        }
        self.init(kind: kind)
        switch kind {
        case .sizes: break
        case .finerSizes:
            residualStepSize = Int32(try reader.readByte())
            guard (1...64).contains(residualStepSize) else { throw reader.corrupt("a step size out of range") }
        case .scaled, .plain:
            grid.unit = try reader.readSigned(in: TransformHeader.unitRange)
            grid.stepSize = try reader.readStepSize()
            try grid.centroids.read(from: &reader)
        }
        if kind != .plain {
            let count = try reader.readCount(upTo: reader.remaining, "size of exponents")
            let symbols = try RansCoder.decode(
                Array(try reader.readBytes(count)), classes: Self.exponentClasses(form.rows, form.columns))
            exponents = try RankOneExponents.decode(symbols, rows: form.rows, columns: form.columns, previous: nil)
        }
        let classes = [UInt8](repeating: 0, count: kind == .sizes ? 0 : form.count)
        levels = try RansCoder.decode(Array(try reader.readBytes(reader.remaining)), classes: classes)
    }

    private static func exponentClasses(_ rows: Int, _ columns: Int) -> [UInt8] {
        [0, 0] + [UInt8](repeating: 1, count: rows) + [UInt8](repeating: 2, count: columns)
    }
}
