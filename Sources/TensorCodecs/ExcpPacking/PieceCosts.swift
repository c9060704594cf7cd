/// Ideal code lengths of the pieces of one stream.
enum PieceCosts {
    /// Sum of the symbols' ideal code lengths, in 1/65536 bits, per piece.
    /// - Parameter ends: where each piece ends, ascending.
    static func costs(_ symbols: [UInt8], ends: [Int]) -> [UInt64] {
        let whole = symbols.withUnsafeBufferPointer { SymbolHistogram($0) }
        let table = whole.costs
        // The sum over all symbols of one piece is that over what the histogram has.
        if ends == [symbols.count] {
            return [zip(whole.counts, table).reduce(0) { $0 &+ UInt64($1.0) &* $1.1 }]
        }
        var start = 0
        return ends.map { end in
            var sum: UInt64 = 0
            for i in start..<end { sum &+= table[Int(symbols[i])] }
            start = end
            return sum
        }
    }
}
