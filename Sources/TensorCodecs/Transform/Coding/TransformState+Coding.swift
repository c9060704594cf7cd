/// The state as bytes, for the scratch file between two steps of one process. Not part of the archive's format.
extension TransformState {
    ///
    /// The base comes last (`base.count` bytes), so that it can be read alone.
    package func serialized() -> [UInt8] {
        var writer = ByteWriter(
            capacity: (initialDirections.count + tiles.reduce(0) { $0 + $1.coefficients.count }) * 4 + base.count)
        writer.append(varint: exponents.count)
        for exponents in exponents {
            for exponent in exponents.rows + exponents.columns { writer.append(littleEndian: exponent) }
        }
        writer.append(littleEndian: level)
        writer.append(littleEndian: Int64(age))
        writer.append(littleEndian: unit)
        rule.write(to: &writer)
        for exponent in scale.rows + scale.columns { writer.append(UInt8(bitPattern: exponent)) }
        for tile in tiles {
            tile.left.serialise(into: &writer)
            tile.right.serialise(into: &writer)
            writer.append(tile.coefficients.isEmpty ? 0 : 1)
            tile.coefficients.withUnsafeBytes { writer.append(contentsOf: $0) }
        }
        writer.append(initialDirections.isEmpty ? 0 : 1)
        initialDirections.withUnsafeBytes { writer.append(contentsOf: $0) }
        writer.append(held.isEmpty ? 0 : 1)
        held.flags.withUnsafeBytes { writer.append(contentsOf: $0) }
        writer.append(missing == nil ? 0 : 1)
        missing?.write(to: &writer)
        writer.append(origin.isEmpty ? 0 : 1)
        origin.withUnsafeBytes { writer.append(contentsOf: $0) }
        writer.append(contentsOf: base)
        return writer.bytes
    }

    /// Reads what `serialized` wrote.
    package init(form: MatrixForm, format: FloatFormat, serialized bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        var exponents: [RankOneExponents] = []
        for _ in 0..<(try reader.readCount(upTo: 2)) {
            exponents.append(
                RankOneExponents(
                    rows: try reader.readArray(form.rows), columns: try reader.readArray(form.columns)))
        }
        let level = try reader.read(littleEndian: Int32.self)
        let age = Int(try reader.read(littleEndian: Int64.self))
        let unit = try reader.read(littleEndian: Int32.self)
        let rule = try BasisRule(from: &reader)
        let scale = MatrixScale(rows: try reader.readArray(form.rows), columns: try reader.readArray(form.columns))
        var tiles: [TransformTile] = []
        for region in form.tiles {
            let left = try SideBasis(from: &reader), right = try SideBasis(from: &reader)
            guard left.size == region.rows.count, right.size == region.columns.count else {
                throw reader.corrupt("a basis of another size")
            }
            let coefficients: [Int32] = try reader.readByte() == 0 ? [] : reader.readArray(region.count)
            tiles.append(TransformTile(region, left: left, right: right, coefficients: coefficients))
        }
        let initialDirections: [Float] = try reader.readByte() == 0 ? [] : reader.readArray(form.count)
        var held = HeldElements()
        if try reader.readByte() != 0 { held.flags = try reader.readArray(form.count) }
        let missing = try reader.readByte() == 0 ? nil : try StoredSketch(from: &reader, elements: form.count)
        let origin: [Float] =
            try reader.readByte() == 0 ? [] : reader.readArray(ChangeSketch.bucketCount(form.count))
        let base = Array(try reader.readBytes(form.count * format.elementSize))
        try reader.expectEnd()
        guard TransformHeader.unitRange.contains(unit) else {
            throw reader.corrupt("a state of another tensor")
        }
        self.init(
            form: form, format: format, exponents: exponents, level: level, age: age, base: base, unit: unit,
            scale: scale, rule: rule, tiles: tiles, initialDirections: initialDirections)
        (self.held, self.missing, self.origin) = (held, missing, origin)
    }
}

extension ByteReader {
    /// `count` elements as they lie in memory.
    fileprivate mutating func readArray<Element: BitwiseCopyable>(_ count: Int) throws(CodecError) -> [Element] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow else { throw corrupt("an array of \(count) elements") }
        let bytes = try readBytes(size)
        return [Element](unsafeUninitializedCapacity: count) { output, filled in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(output).copyMemory(from: $0) }
            filled = count
        }
    }
}
