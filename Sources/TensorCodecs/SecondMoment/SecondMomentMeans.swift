/// Row and column means of a second moment, in Double and in a fixed order.
struct SecondMomentMeans {
    private(set) var rows: [Double]
    private(set) var columns: [Double]

    /// nil where a value is NaN, infinite or negative.
    init?(_ values: UnsafeBufferPointer<Float>, rows rowCount: Int, columns columnCount: Int) {
        rows = [Double](repeating: 0, count: rowCount)
        columns = [Double](repeating: 0, count: columnCount)
        var total = 0.0
        var negative: UInt32 = 0
        for i in 0..<rowCount {
            let line = UnsafeBufferPointer(rebasing: values[i * columnCount..<(i + 1) * columnCount])
            columns.withUnsafeMutableBufferPointer { columns in
                for j in 0..<columnCount {
                    columns[j] += Double(line[j])
                    negative |= line[j] < 0 ? 1 : 0
                }
            }
            rows[i] = Reductions.mean(line)
            total += rows[i]
        }
        // Means of finite Floats are finite in Double.
        guard negative == 0, total.isFinite else { return nil }
        for j in 0..<columnCount { columns[j] /= Double(rowCount) }
    }
}
