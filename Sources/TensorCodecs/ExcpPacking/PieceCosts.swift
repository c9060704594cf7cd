/// Ideal code lengths of the pieces of one stream.
enum PieceCosts {
    /// Sum of the symbols' ideal code lengths, in 1/65536 bits, per piece.
    /// - Parameter ends: where each piece ends, ascending.
    static func costs(_ symbols: [UInt8], ends: [Int]) -> [UInt64] {
        let table = symbols.withUnsafeBufferPointer { SymbolHistogram($0).costs }
        var start = 0
        return ends.map { end in
            var sum: UInt64 = 0
            for i in start..<end { sum &+= table[Int(symbols[i])] }
            start = end
            return sum
        }
    }
}
