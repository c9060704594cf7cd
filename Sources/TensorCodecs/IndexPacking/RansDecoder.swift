/// Two rANS decoders in turns, which keeps the processor busy: element i belongs to state i & 1.
///
/// M = 2^14 is the sum of a table's frequencies, L = 2^15. Both states begin with the values in the stream, from L up to
/// 2^31 - 1. For each element in order, with x its state and its class's table: slot = x mod M; the symbol is the one
/// with start <= slot < start + frequency, start being the sum of the frequencies of the symbols before it;
/// x = frequency * (x div M) + slot - start; if that is below L, x = x * 2^16 + the next word. At the end both states
/// are L and no word is left.
struct RansDecoder {
    static let lowerBound: UInt32 = 1 << 15
    static let upperBound: UInt32 = 1 << 31
    /// Stands for an escape in the output.
    static let escape = Int32.min
    private static let rowBits = 8
    /// So many low bits of a slot are left out of the lookup: small tables stay in the nearest cache, and steps to the
    /// next symbol are rare.
    private static let bucketBits = 4

    /// What follows from a symbol.
    private struct Symbol {
        var frequency: UInt16
        var start: UInt16
        var level: Int32
    }

    /// Symbol of the first slot of each bucket, for each group.
    private var buckets: [UInt8]
    private var symbols: [Symbol]
    /// Where the buckets of each class's group begin.
    private let offsets: [UInt32]

    /// - Throws: `.corrupt` if a table has no valid frequencies.
    init(_ groups: ClassGroups) throws(CodecError) {
        let tables = groups.tables
        let groupBits = SymbolTable.totalBits - Self.bucketBits
        buckets = [UInt8](repeating: 0, count: tables.count << groupBits)
        symbols = [Symbol](
            repeating: Symbol(frequency: 0, start: 0, level: 0), count: tables.count << Self.rowBits)
        offsets = groups.groups.map { UInt32($0) << UInt32(groupBits) }
        for (group, table) in tables.enumerated() {
            guard let frequencies = table.frequencies else {
                throw .corrupt("the frequencies of packed levels do not add up")
            }
            var start = 0
            for (symbol, frequency) in frequencies.enumerated() {
                let level = symbol == table.escape ? Self.escape : Int32(SymbolTable.value(symbol) << table.shift)
                symbols[group << Self.rowBits + symbol] = Symbol(
                    frequency: UInt16(frequency), start: UInt16(start), level: level)
                // Buckets that begin with this symbol.
                let size = 1 << Self.bucketBits
                let (first, end) = ((start + size - 1) / size, (start + frequency + size - 1) / size)
                for bucket in first..<end { buckets[group << groupBits + bucket] = UInt8(symbol) }
                start += frequency
            }
        }
    }

    /// Decodes one level for each class, without its low bits; `escape` for escapes.
    /// - Parameters:
    ///   - states: both from `lowerBound` to below `upperBound`.
    ///   - words: little-endian, one more than there are.
    /// - Returns: whether the states end as they must with all words used.
    func decode(
        _ classes: UnsafeBufferPointer<UInt8>, states: (UInt32, UInt32), words: UnsafeBufferPointer<UInt16>,
        into output: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        var (even, odd) = states
        var position = 0
        buckets.withUnsafeBufferPointer { buckets in
            symbols.withUnsafeBufferPointer { symbols in
                offsets.withUnsafeBufferPointer { offsets in
                    let last = words.count &- 1
                    func step(_ state: inout UInt32, _ i: Int, _ position: inout Int) {
                        let offset = offsets[Int(classes[i])]
                        let slot = state & UInt32(SymbolTable.total - 1)
                        let row = offset &>> UInt32(SymbolTable.totalBits - Self.bucketBits - Self.rowBits)
                        let bucket = slot &>> UInt32(Self.bucketBits)
                        var place = Int(row) &+ Int(buckets[Int(offset &+ bucket)])
                        var symbol = symbols[place]
                        while slot >= UInt32(symbol.start) &+ UInt32(symbol.frequency) {
                            place &+= 1
                            symbol = symbols[place]
                        }
                        output[i] = symbol.level
                        let next =
                            UInt32(symbol.frequency) &* (state &>> UInt32(SymbolTable.totalBits))
                            &+ slot &- UInt32(symbol.start)
                        let word = UInt32(UInt16(littleEndian: words[min(position, last)]))
                        let isLow = next < Self.lowerBound
                        state = isLow ? next &<< 16 | word : next
                        position &+= isLow ? 1 : 0
                    }
                    var i = 0
                    while i &+ 1 < classes.count {
                        step(&even, i, &position)
                        step(&odd, i &+ 1, &position)
                        i &+= 2
                    }
                    if i < classes.count { step(&even, i, &position) }
                }
            }
        }
        return even == Self.lowerBound && odd == Self.lowerBound && position == words.count - 1
    }
}
