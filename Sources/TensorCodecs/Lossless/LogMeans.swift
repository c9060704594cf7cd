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
    init(words: UnsafeBufferPointer<UInt32>, columns: Int) {
        let shift = SecondMomentModel.unitBits
        guard columns > 0 else {
            self.init(rows: [Int32(ColumnSums.sum(words, shift: shift) / max(words.count, 1))], columns: [])
            return
        }
        let count = words.count / columns
        var rows = [Int32](repeating: 0, count: count)
        var sums = ColumnSums(columns)
        for i in 0..<count {
            let row = UnsafeBufferPointer(rebasing: words[i * columns..<(i + 1) * columns])
            rows[i] = Int32(ColumnSums.sum(row, shift: shift) / columns)
            sums.add(row, shift: shift, less: rows[i])
        }
        self.init(rows: rows, columns: sums.finish().map { Int32($0 / max(count, 1)) })
    }

    @inline(__always)
    func value(_ row: Int, _ column: Int) -> Int32 { columns.isEmpty ? rows[0] : rows[row] &+ columns[column] }
}
