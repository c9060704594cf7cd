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
