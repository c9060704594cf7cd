/// How often each byte value occurs, and what coding them ideally costs.
struct SymbolHistogram {
    private(set) var counts = [Int](repeating: 0, count: 256)
    private(set) var total = 0

    init() {}

    init(_ symbols: UnsafeBufferPointer<UInt8>) {
        // Four tables, so that equal neighbours do not wait for each other.
        var tables = [UInt32](repeating: 0, count: 1024)
        var start = 0
        while start < symbols.count {
            let end = min(start + (1 << 30), symbols.count)
            tables.withUnsafeMutableBufferPointer { tables in
                for i in start..<end { tables[(i & 3) &<< 8 | Int(symbols[i])] &+= 1 }
            }
            for symbol in 0..<256 {
                counts[symbol] +=
                    Int(tables[symbol]) + Int(tables[256 + symbol]) + Int(tables[512 + symbol])
                    + Int(tables[768 + symbol])
            }
            for i in tables.indices { tables[i] = 0 }
            start = end
        }
        total = symbols.count
    }

    @inline(__always)
    mutating func add(_ symbol: Int, times: Int = 1) {
        counts[symbol] &+= times
        total &+= times
    }

    /// Ideal code length per symbol in 1/65536 bits; 0 for those that do not occur.
    var costs: [UInt64] {
        let whole = FixedLog2.value(UInt64(total))
        return counts.map { $0 == 0 ? 0 : whole - FixedLog2.value(UInt64($0)) }
    }

    /// What Huffman coding will need, in 1/65536 bits: at least one bit a symbol, 4 bits per symbol in the table and
    /// some bytes around it. Nothing but those bytes where all symbols are equal.
    var huffmanEstimate: UInt64 {
        guard !counts.contains(total) else { return 32 * FixedLog2.one }
        var bits: UInt64 = 0
        var distinct: UInt64 = 0
        for (count, cost) in zip(counts, costs) where count > 0 {
            bits += UInt64(count) * max(cost, FixedLog2.one)
            distinct += 1
        }
        return min(bits + (4 * distinct + 128) * FixedLog2.one, UInt64(total) * 8 * FixedLog2.one)
    }
}
