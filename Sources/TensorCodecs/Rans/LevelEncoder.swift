/// Writes the coded form of levels; see `RansCoder` for its layout.
struct LevelEncoder<Level: FixedWidthInteger & SignedInteger> {
    private let levels: UnsafeBufferPointer<Level>
    private let classes: UnsafeBufferPointer<UInt8>
    private let groups: ContextMap
    /// Frequencies of each group.
    private let frequencies: [[Int]]

    /// None where the levels cannot be coded.
    /// - Parameters:
    ///   - levels, classes: valid as long as this is used.
    ///   - histograms: of the classes that occur, in ascending order.
    init?(
        _ levels: UnsafeBufferPointer<Level>, classes: UnsafeBufferPointer<UInt8>,
        _ histograms: [(value: UInt8, histogram: LevelHistogram)], _ effort: ContextMap.Effort
    ) {
        self.levels = levels
        self.classes = classes
        groups = ContextMap(histograms, effort)
        frequencies = groups.tables.compactMap(\.frequencies)
        guard frequencies.count == groups.tables.count else { return nil }
    }

    /// - Parameter symbols: runs the encoder of symbols over the levels.
    func encode(_ symbols: (RansEncoder) -> RansEncoder.Output) throws(CodecError) -> [UInt8] {
        let tables = groups.write()
        let coded = symbols(RansEncoder(groups, frequencies))
        var writer = ByteWriter(capacity: tables.count + 2 * coded.words.count + 32)
        writer.append(RansCoder.Mode.coded.rawValue)
        writer.append(varint: tables.count)
        writer.append(contentsOf: tables)
        if groups.tables.contains(where: { $0.shift > 0 }) { writer.append(contentsOf: lowBits()) }
        if groups.tables.contains(where: \.hasEscapes) {
            let escapes = escapes()
            writer.append(varint: escapes.count)
            try ByteStream.write(escapes, to: &writer)
        }
        writer.append(littleEndian: coded.even)
        writer.append(littleEndian: coded.odd)
        coded.words.withUnsafeBytes { writer.append(contentsOf: $0) }
        return writer.bytes
    }

    /// Levels of a segment of which each adds up; of larger ones every so many, which tells shares well enough.
    private static var summed: Int { 512 }

    /// The length of each segment's code in 1/65536 bits, of large ones nearly.
    func codeLengths(_ segments: [Int]) -> [UInt64] {
        let lengths = rows { table, frequencies, symbol in
            let bits = UInt64(table.shift) * FixedLog2.one
            guard symbol < frequencies.count, frequencies[symbol] > 0 else { return bits }
            return bits + CodeLength.symbol(frequencies[symbol])
        }
        var start = 0
        return segments.map { count in
            var sum = UInt64(count)
            // Odd, so that it goes through all columns of most matrices.
            let spacing = max(count / Self.summed, 1) | 1
            for i in stride(from: start, to: start + count, by: spacing) {
                let group = Int(groups.groups[Int(classes[i])])
                let table = groups.tables[group]
                let value = level(i) >> Int32(table.shift)
                let symbol = RansEncoder.symbol(value, limit: Int32(table.limit))
                sum += lengths[group << RansEncoder.rowBits + symbol]
                if symbol == table.escape {
                    sum += UInt64(Self.varintBytes(Self.beyond(value, limit: table.limit)) * 8) * FixedLog2.one
                }
            }
            start += count
            return sum * UInt64(spacing)
        }
    }

    private static func varintBytes(_ value: UInt64) -> Int { max(70 - value.leadingZeroBitCount, 7) / 7 }

    @inline(__always)
    private func level(_ i: Int) -> Int32 { Int32(truncatingIfNeeded: levels[i]) }

    private static func beyond(_ value: Int32, limit: Int) -> UInt64 {
        value > 0 ? UInt64(2 * (Int(value) - limit) - 2) : UInt64(2 * (-Int(value) - limit) - 1)
    }

    /// A row of 256 for each group.
    private func rows<Entry>(_ entry: (SymbolTable, [Int], Int) -> Entry) -> [Entry] {
        zip(groups.tables, frequencies).flatMap { table, frequencies in
            (0..<1 << RansEncoder.rowBits).map { entry(table, frequencies, $0) }
        }
    }

    private func lowBits() -> [UInt8] {
        let shifts = groups.groups.map { Int32(groups.tables[Int($0)].shift) }
        let most = Int(shifts.max() ?? 0)
        return [UInt8](unsafeUninitializedCapacity: (levels.count * most + 7) / 8 + 8) { memory, filled in
            guard let start = UnsafeMutableRawPointer(memory.baseAddress) else { return }
            shifts.withUnsafeBufferPointer { shifts in
                var sink = UncheckedBitWriter(start)
                for i in 0..<levels.count {
                    // Few classes have low bits, if any.
                    let shift = shifts[Int(classes[i])]
                    guard shift > 0 else { continue }
                    let mask = (UInt32(1) &<< shift) &- 1
                    sink.append(UInt64(UInt32(bitPattern: level(i)) & mask), shift)
                }
                filled = sink.byteCount
            }
        }
    }

    private func escapes() -> [UInt8] {
        let shifts = groups.groups.map { Int32(groups.tables[Int($0)].shift) }
        let limits = groups.groups.map { UInt32(groups.tables[Int($0)].limit) }
        // Found first: the loop that writes is too long to be run for every level. The first comparison knows nothing
        // of rounding.
        let least = groups.groups.map { group in
            let table = groups.tables[Int(group)]
            return UInt32(table.limit) << UInt32(table.shift)
        }
        var positions: [Int] = []
        for i in 0..<levels.count where level(i).magnitude > least[Int(classes[i])] {
            let value = Int(classes[i])
            if (level(i) &>> shifts[value]).magnitude > limits[value] { positions.append(i) }
        }
        var writer = ByteWriter()
        for i in positions {
            let value = Int(classes[i])
            writer.append(varint: Self.beyond(level(i) >> shifts[value], limit: Int(limits[value])))
        }
        return writer.bytes
    }
}
