/// What the decoder of a stream looks things up in: what follows from a slot for each class, and the words.
final class RansStream {
    private static let rowBits = 8
    /// So many low bits of a slot are left out of the lookup: small tables stay in the nearest cache, and steps to the
    /// next symbol are rare.
    static let bucketBits: UInt32 = 4
    private static let bucketCount = SymbolTable.total >> Int(bucketBits)

    /// All tables behind each other, in fixed places, so that one register says where they are:
    /// symbols of each group in order, 8 bytes each (frequency in 16 bits, start in 16, level in 32);
    /// where the buckets of each class's group begin, in 4 bytes; the position of the symbol that a bucket begins with,
    /// in 2.
    let tables: UnsafeMutableRawPointer
    static let offsets = (RansCoder.classLimit << rowBits) * 8
    static let buckets = offsets + RansCoder.classLimit * 4
    /// Little-endian; as many as there are elements and two more, whatever the stream has: nothing has to be checked
    /// while they are read.
    let words: UnsafeMutablePointer<UInt16>
    let wordCount: Int
    let states: (even: UInt32, odd: UInt32)

    /// - Parameters:
    ///   - count: elements; at least as many as there are words.
    ///   - escape: the level of escapes.
    /// - Throws: `.corrupt` if a table has no valid frequencies.
    init(_ stream: PackedStream, count: Int, escape: Int32) throws(CodecError) {
        let groups = stream.groups
        var frequencies: [[Int]] = []
        for table in groups.tables {
            guard let row = table.frequencies else {
                throw CodecError.corrupt("the frequencies of packed levels do not add up")
            }
            frequencies.append(row)
        }
        tables = .allocate(byteCount: Self.buckets + frequencies.count * Self.bucketCount * 2, alignment: 64)
        let symbols = tables.bindMemory(to: UInt64.self, capacity: frequencies.count << Self.rowBits)
        symbols.initialize(repeating: 0, count: frequencies.count << Self.rowBits)
        for (value, group) in groups.groups.enumerated() {
            (tables + Self.offsets).storeBytes(
                of: UInt32(Int(group) * Self.bucketCount), toByteOffset: value * 4, as: UInt32.self)
        }
        states = (stream.even, stream.odd)
        wordCount = stream.wordBytes.count / 2
        words = .allocate(capacity: count + 2)
        stream.wordBytes.withUnsafeBytes {
            UnsafeMutableRawPointer(words).copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(words), byteCount: $0.count)
        }
        (words + wordCount).initialize(repeating: 0, count: count + 2 - wordCount)
        let size = 1 << Int(Self.bucketBits)
        for (group, table) in groups.tables.enumerated() {
            let row = group << Self.rowBits, buckets = tables + Self.buckets + group * Self.bucketCount * 2
            var start = 0
            for (symbol, frequency) in frequencies[group].enumerated() {
                let level = symbol == table.escape ? escape : Int32(SymbolTable.value(symbol) << table.shift)
                symbols[row + symbol] =
                    UInt64(UInt32(bitPattern: level)) << 32 | UInt64(start) << 16 | UInt64(frequency)
                // Buckets that begin with this symbol.
                let (first, end) = ((start + size - 1) / size, (start + frequency + size - 1) / size)
                for bucket in first..<end {
                    buckets.storeBytes(of: UInt16(row + symbol), toByteOffset: bucket * 2, as: UInt16.self)
                }
                start += frequency
            }
        }
    }

    deinit {
        tables.deallocate()
        words.deallocate()
    }
}
