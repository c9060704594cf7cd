/// How often each byte value occurs, and what coding them ideally costs.
struct SymbolHistogram {
    private(set) var counts = [Int](repeating: 0, count: 256)
    private(set) var total = 0

    init() {}

    /// - Parameter counts: one for each of the 256 byte values.
    init(counts: [Int]) {
        precondition(counts.count == 256, "one count per byte value")
        self.counts = counts
        total = counts.reduce(0, +)
    }

    init(_ symbols: UnsafeBufferPointer<UInt8>) {
        // Eight tables, so that equal neighbours do not wait for each other.
        var tables = [UInt32](repeating: 0, count: 8 << 8)
        let raw = UnsafeRawBufferPointer(symbols)
        var start = 0
        while start < symbols.count {
            let end = min(start + (1 << 30), symbols.count)
            tables.withUnsafeMutableBufferPointer { tables in
                var i = start
                while i &+ 8 <= end {
                    let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
                    for lane in 0..<8 {
                        let symbol = Int(truncatingIfNeeded: (word &>> UInt64(8 &* lane)) & 0xff)
                        tables[lane &<< 8 | symbol] &+= 1
                    }
                    i &+= 8
                }
                while i < end {
                    tables[Int(symbols[i])] &+= 1
                    i &+= 1
                }
            }
            for i in tables.indices {
                counts[i & 255] += Int(tables[i])
                tables[i] = 0
            }
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
