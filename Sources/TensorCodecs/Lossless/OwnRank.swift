/// Rank 1 of the logarithms of a tensor that the decoder has: mean of each row, mean of each column of what that
/// leaves. Quotients are rounded towards zero.
struct OwnRank: Sendable {
    var rows: [Int32]
    /// None for one row of everything.
    var columns: [Int32]

    init(rows: [Int32], columns: [Int32]) {
        self.rows = rows
        self.columns = columns
    }

    /// - Parameters:
    ///   - logarithms: K of each element.
    ///   - columns: of the matrix; 0 where its elements are one row.
    init(_ logarithms: UnsafeBufferPointer<UInt32>, columns: Int) {
        guard columns > 0 else {
            self.init(rows: [Int32(ColumnSums.sum(logarithms) / max(logarithms.count, 1))], columns: [])
            return
        }
        let count = logarithms.count / columns
        var rows = [Int32](repeating: 0, count: count)
        var sums = ColumnSums(columns)
        for i in 0..<count {
            let row = UnsafeBufferPointer(rebasing: logarithms[i * columns..<(i + 1) * columns])
            rows[i] = Int32(ColumnSums.sum(row) / columns)
            sums.add(row, less: rows[i])
        }
        self.init(rows: rows, columns: sums.finish().map { Int32($0 / max(count, 1)) })
    }

    /// Of the words of second moments.
    init(words: UnsafeBufferPointer<UInt32>, columns: Int) {
        let logarithms = words.map { $0 >> SecondMomentModel.unitBits }
        self = logarithms.withUnsafeBufferPointer { OwnRank($0, columns: columns) }
    }

    @inline(__always)
    func value(_ row: Int, _ column: Int) -> Int32 { columns.isEmpty ? rows[0] : rows[row] &+ columns[column] }
}
