/// A long array of indices, many of them zero, in pieces; its nonzero values are numbered in order of position.
struct SparseValues {
    /// All pieces one after the other; fewer than 2^32 elements.
    let dense: [UInt8]
    /// How often each index occurs.
    let histogram: SymbolHistogram
    /// Where each piece begins.
    private let starts: [Int]
    /// Number of values that are not zero up to the end of each piece.
    let ends: [Int]

    /// How many values are not zero.
    var count: Int { total - histogram.counts[0] }
    /// Length of the array, zeros included.
    var total: Int { dense.count }

    init(_ pieces: [[UInt8]]) {
        // One large tensor is not copied.
        dense = pieces.count == 1 ? pieces[0] : pieces.reduce(into: []) { $0 += $1 }
        precondition(dense.count < 1 << 32, "a quantized group holds fewer than 2^32 elements")
        histogram = dense.withUnsafeBufferPointer { SymbolHistogram($0) }
        var start = 0, end = 0
        starts = pieces.map { piece in
            defer { start += piece.count }
            return start
        }
        ends = pieces.map { piece in
            end += piece.withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
            return end
        }
    }

    private init(dense: [UInt8], at other: SparseValues) {
        self.dense = dense
        histogram = dense.withUnsafeBufferPointer { SymbolHistogram($0) }
        starts = other.starts
        ends = other.ends
    }

    /// The same positions with other values.
    /// - Parameter value: the new value, from 1 on, for an old one and its number.
    func with(_ value: (UInt8, Int) -> UInt8) -> SparseValues {
        var dense = dense
        dense.withUnsafeMutableBufferPointer { dense in
            var number = 0
            IndexScan.forEachNonzero(UnsafeBufferPointer(dense)) { position in
                dense[position] = value(dense[position], number)
                number &+= 1
            }
        }
        return SparseValues(dense: dense, at: self)
    }

    /// Ideal code length of each piece's values, in 1/65536 bits.
    var valueCosts: [UInt64] {
        var whole = histogram
        whole.add(0, times: -whole.counts[0])
        let costs = whole.costs
        // The sum over all values of one piece is that over what the histogram has.
        if ends.count == 1 { return [zip(whole.counts, costs).reduce(0) { $0 &+ UInt64($1.0) &* $1.1 }] }
        return starts.indices.map { piece in
            dense[elements(of: piece)].reduce(0) { $0 &+ costs[Int($1)] }
        }
    }

    private func elements(of piece: Int) -> Range<Int> {
        starts[piece]..<(piece + 1 < starts.count ? starts[piece + 1] : dense.count)
    }

    /// The values that estimates look at, with the zeros right before each: all, or four stretches of 2^14 spread evenly.
    var sample: [RunValue] {
        guard count > 1 << 16 else { return runs(0..<count) }
        return (0..<4).flatMap { i in
            let start = (count - (1 << 14)) / 3 * i
            return runs(start..<start + (1 << 14))
        }
    }

    /// A value and how many zeros lie right before it.
    struct RunValue {
        var run: UInt32
        var value: UInt8
    }

    /// Calls `body` with the zeros before each value of a piece, the value, and the value's number.
    /// - Parameter previous: position of the value before; -1 at first.
    @inline(__always)
    func forEachRun(in piece: Int, after previous: inout Int, _ body: (UInt32, UInt8, Int) -> Void) {
        Self.forEachRun(dense, elements(of: piece), number: piece > 0 ? ends[piece - 1] : 0, &previous, body)
    }

    @inline(__always)
    private static func forEachRun(
        _ dense: [UInt8], _ range: Range<Int>, number: Int, _ previous: inout Int, _ body: (UInt32, UInt8, Int) -> Void
    ) {
        dense.withUnsafeBufferPointer { dense in
            let part = UnsafeBufferPointer(rebasing: dense[range])
            var (last, number) = (previous &- range.lowerBound, number)
            IndexScan.forEachNonzero(part) { position in
                body(UInt32(truncatingIfNeeded: position &- last &- 1), part[position], number)
                last = position
                number &+= 1
            }
            previous = last &+ range.lowerBound
        }
    }

    /// Values by their numbers.
    private func runs(_ numbers: Range<Int>) -> [RunValue] {
        // The blocks that hold them, from the one with the value before the first of them.
        let block = 4096
        var start = 0, end = 0, first = 0, seen = 0
        while end < dense.count, seen < numbers.upperBound {
            if seen < numbers.lowerBound { (start, first) = (end, seen) }
            let next = min(end + block, dense.count)
            seen += dense[end..<next].withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
            end = next
        }
        var result: [RunValue] = []
        result.reserveCapacity(numbers.count)
        var previous = start - 1
        Self.forEachRun(dense, start..<end, number: first, &previous) { run, value, number in
            if numbers.contains(number) { result.append(RunValue(run: run, value: value)) }
        }
        return result
    }
}

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
