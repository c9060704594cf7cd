/// Writes the coded form of levels; see `IndexPacking` for its layout.
struct IndexEncoder {
    private static let rowBits = 8

    private let levels: [Int32]
    private let classes: [UInt8]
    private let groups: ClassGroups
    /// Frequencies of each group.
    private let frequencies: [[Int]]

    /// None where the levels cannot be coded.
    init?(_ levels: [Int32], classes: [UInt8], _ effort: ClassGroups.Effort) {
        self.levels = levels
        self.classes = classes
        groups = ClassGroups(LevelHistogram.count(levels, classes: classes), effort)
        frequencies = groups.tables.compactMap(\.frequencies)
        guard frequencies.count == groups.tables.count else { return nil }
    }

    func encode() throws(CodecError) -> [UInt8] {
        let tables = groups.write()
        let (even, odd, words) = encodeSymbols()
        var writer = ByteWriter(capacity: tables.count + 2 * words.count + 32)
        writer.append(IndexPacking.Mode.coded.rawValue)
        writer.append(varint: tables.count)
        writer.append(contentsOf: tables)
        if groups.tables.contains(where: { $0.shift > 0 }) { writer.append(contentsOf: lowBits()) }
        if groups.tables.contains(where: \.hasEscapes) {
            let escapes = escapes()
            writer.append(varint: escapes.count)
            try ByteStream.write(escapes, to: &writer)
        }
        writer.append(littleEndian: even)
        writer.append(littleEndian: odd)
        words.withUnsafeBytes { writer.append(contentsOf: $0) }
        return writer.bytes
    }

    /// Levels of a segment of which each adds up; of larger ones every so many, which tells shares well enough.
    private static let summed = 512

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
            let step = max(count / Self.summed, 1) | 1
            for i in stride(from: start, to: start + count, by: step) {
                let group = Int(groups.groups[Int(classes[i])])
                let table = groups.tables[group]
                let value = levels[i] >> Int32(table.shift)
                let symbol = Self.symbol(value, limit: Int32(table.limit))
                sum += lengths[group << Self.rowBits + symbol]
                if symbol == table.escape {
                    sum += UInt64(Self.varintBytes(Self.beyond(value, limit: table.limit)) * 8) * FixedLog2.one
                }
            }
            start += count
            return sum * UInt64(step)
        }
    }

    private static func varintBytes(_ value: UInt64) -> Int { max(70 - value.leadingZeroBitCount, 7) / 7 }

    @inline(__always)
    private static func symbol(_ value: Int32, limit: Int32) -> Int {
        let magnitude = Int(value.magnitude)
        return magnitude > Int(limit) ? 2 &* Int(limit) &+ 1 : 2 &* magnitude &- (value > 0 ? 1 : 0)
    }

    private static func beyond(_ value: Int32, limit: Int) -> UInt64 {
        value > 0 ? UInt64(2 * (Int(value) - limit) - 2) : UInt64(2 * (-Int(value) - limit) - 1)
    }

    /// A row of 256 for each group.
    private func rows<Entry>(_ entry: (SymbolTable, [Int], Int) -> Entry) -> [Entry] {
        zip(groups.tables, frequencies).flatMap { table, frequencies in
            (0..<1 << Self.rowBits).map { entry(table, frequencies, $0) }
        }
    }

    private func lowBits() -> [UInt8] {
        let shifts = groups.groups.map { groups.tables[Int($0)].shift }
        let masks = shifts.map { (UInt32(1) << UInt32($0)) - 1 }
        var writer = BitWriter(capacity: levels.count)
        levels.withUnsafeBufferPointer { levels in
            classes.withUnsafeBufferPointer { classes in
                for i in 0..<levels.count {
                    let value = Int(classes[i])
                    guard shifts[value] > 0 else { continue }
                    writer.append(UInt32(bitPattern: levels[i]) & masks[value], bits: shifts[value])
                }
            }
        }
        return writer.finish()
    }

    private func escapes() -> [UInt8] {
        let shifts = groups.groups.map { Int32(groups.tables[Int($0)].shift) }
        let limits = groups.groups.map { UInt32(groups.tables[Int($0)].limit) }
        // Found first: the loop that writes is too long to be run for every level.
        // Few levels pass the first comparison, which knows nothing of classes.
        let least = groups.tables.map { UInt32($0.limit) << UInt32($0.shift) }.min() ?? 0
        var places: [Int] = []
        levels.withUnsafeBufferPointer { levels in
            classes.withUnsafeBufferPointer { classes in
                for i in 0..<levels.count where levels[i].magnitude > least {
                    let value = Int(classes[i])
                    if (levels[i] &>> shifts[value]).magnitude > limits[value] { places.append(i) }
                }
            }
        }
        var writer = ByteWriter()
        for i in places {
            let value = Int(classes[i])
            writer.append(varint: Self.beyond(levels[i] >> shifts[value], limit: Int(limits[value])))
        }
        return writer.bytes
    }

    /// Runs `RansDecoder` backwards, from its end: the states begin with the bound where those of the decoder end.
    private func encodeSymbols() -> (even: UInt32, odd: UInt32, words: ArraySlice<UInt16>) {
        let starts = frequencies.map { row in row.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) } }
        let entries = zip(frequencies, starts).flatMap { frequencies, starts in
            (0..<1 << Self.rowBits).map { symbol in
                guard symbol < frequencies.count, frequencies[symbol] > 0 else { return RansSymbol.none }
                return RansSymbol(frequency: frequencies[symbol], start: starts[symbol])
            }
        }
        let tables = groups.groups.map { group in
            let table = groups.tables[Int(group)]
            return (shift: Int32(table.shift), limit: Int32(table.limit), row: Int(group) << Self.rowBits)
        }
        let count = levels.count
        var (even, odd) = (RansDecoder.lowerBound, RansDecoder.lowerBound)
        // Place of the next word. The place after the last one takes one that does not count.
        var position = count - 1
        let words = [UInt16](unsafeUninitializedCapacity: count) { words, filled in
            levels.withUnsafeBufferPointer { levels in
                classes.withUnsafeBufferPointer { classes in
                    entries.withUnsafeBufferPointer { entries in
                        tables.withUnsafeBufferPointer { tables in
                            func step(_ state: inout UInt32, _ i: Int, _ position: inout Int) {
                                let table = tables[Int(classes[i])]
                                let symbol = Self.symbol(levels[i] &>> table.shift, limit: table.limit)
                                let entry = entries[table.row &+ symbol]
                                let isFull = state >= entry.frequency &<< 17
                                // Written anyway: what does not count is written over.
                                words[position] = UInt16(truncatingIfNeeded: state).littleEndian
                                position &-= isFull ? 1 : 0
                                let x = isFull ? state &>> 16 : state
                                let product = UInt64(x) &* UInt64(entry.reciprocal)
                                let quotient = UInt32(truncatingIfNeeded: product &>> UInt64(entry.shift))
                                let rest = x &- quotient &* entry.frequency
                                state = quotient &<< UInt32(SymbolTable.totalBits) &+ entry.start &+ rest
                            }
                            var i = count
                            if i & 1 == 1 {
                                i &-= 1
                                step(&even, i, &position)
                            }
                            while i > 0 {
                                i &-= 2
                                step(&odd, i &+ 1, &position)
                                step(&even, i, &position)
                            }
                        }
                    }
                }
            }
            // The words end at the end; what is before them was never written.
            for i in 0..<max(position + 1, 0) { words[i] = 0 }
            filled = count
        }
        return (even, odd, words[(position + 1)...])
    }
}
