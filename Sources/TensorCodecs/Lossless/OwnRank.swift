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

    /// - Parameter columns: of the matrix; 0 where its elements are one row.
    init(_ words: UnsafeBufferPointer<UInt32>, columns: Int) {
        guard columns > 0 else {
            var sum = 0
            for word in words { sum &+= Int(word &>> SecondMomentModel.unitBits) }
            self.init(rows: [Int32(sum / max(words.count, 1))], columns: [])
            return
        }
        let count = words.count / columns
        var rows = [Int32](repeating: 0, count: count)
        var sums = [Int](repeating: 0, count: columns)
        sums.withUnsafeMutableBufferPointer { sums in
            for i in 0..<count {
                let base = i &* columns
                var sum = 0
                for j in 0..<columns { sum &+= Int(words[base &+ j] &>> SecondMomentModel.unitBits) }
                let mean = sum / columns
                rows[i] = Int32(mean)
                for j in 0..<columns {
                    sums[j] &+= Int(words[base &+ j] &>> SecondMomentModel.unitBits) &- mean
                }
            }
        }
        self.init(rows: rows, columns: sums.map { Int32($0 / max(count, 1)) })
    }

    @inline(__always)
    func value(_ row: Int, _ column: Int) -> Int32 { columns.isEmpty ? rows[0] : rows[row] &+ columns[column] }
}
