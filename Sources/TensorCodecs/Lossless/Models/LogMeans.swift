/// Rank 1 of the logarithms of a tensor that the decoder has: mean of each row, mean of each column of what that
/// leaves. Quotients are rounded towards zero.
struct LogMeans: Sendable {
    var rows: [Int32]
    /// None for one row of everything.
    var columns: [Int32]

    init(rows: [Int32], columns: [Int32]) {
        self.rows = rows
        self.columns = columns
    }

    /// Of the words of second moments.
    /// - Parameter columns: of the matrix; 0 where its elements are one row.
    init(_ words: TensorWords, columns: Int) {
        let shift = SecondMomentModel.unitBits
        guard columns > 0 else {
            var sum = 0
            words.forEachPiece { _, piece in
                sum += ColumnSums.sum(piece, shift: shift)
                return true
            }
            self.init(rows: [Int32(sum / max(words.count, 1))], columns: [])
            return
        }
        let count = words.count / columns
        var rows = [Int32](repeating: 0, count: count)
        var sums = ColumnSums(columns)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: columns) { scratch in
            guard let scratch = scratch.baseAddress else { return }
            for i in 0..<count {
                let row = words.run(i * columns..<(i + 1) * columns, scratch)
                rows[i] = Int32(ColumnSums.sum(row, shift: shift) / columns)
                sums.add(row, shift: shift, less: rows[i])
            }
        }
        self.init(rows: rows, columns: sums.finish().map { Int32($0 / max(count, 1)) })
    }

    @inline(__always)
    func value(_ row: Int, _ column: Int) -> Int32 { columns.isEmpty ? rows[0] : rows[row] &+ columns[column] }
}

/// Sums of logarithms (`SecondMomentModel`, below 2^19) over rows and down columns.
struct ColumnSums {
    /// Of the last rows, flushed before they overflow.
    private var recent: [Int32]
    private var totals: [Int]
    private var rows = 0

    /// A sum of 2048 differences of logarithms stays below 2^31.
    private static let flushed = 2048

    init(_ columns: Int) {
        recent = [Int32](repeating: 0, count: columns)
        totals = [Int](repeating: 0, count: columns)
    }

    /// Adds a row of logarithms: `row` without its low bits.
    @inline(__always)
    mutating func add(_ row: UnsafeBufferPointer<UInt32>, shift: UInt32, less mean: Int32) {
        recent.withUnsafeMutableBufferPointer { recent in
            for j in 0..<row.count { recent[j] &+= Int32(bitPattern: row[j] &>> shift) &- mean }
        }
        rows += 1
        if rows == Self.flushed { flush() }
    }

    private mutating func flush() {
        for j in recent.indices {
            totals[j] += Int(recent[j])
            recent[j] = 0
        }
        rows = 0
    }

    consuming func finish() -> [Int] {
        flush()
        return totals
    }

    /// The sum of a row.
    @inline(__always)
    static func sum(_ row: UnsafeBufferPointer<UInt32>, shift: UInt32) -> Int {
        var sum = 0, start = 0
        while start < row.count {
            let end = min(start + flushed, row.count)
            var part: UInt32 = 0
            for j in start..<end { part &+= row[j] &>> shift }
            sum += Int(part)
            start = end
        }
        return sum
    }
}
