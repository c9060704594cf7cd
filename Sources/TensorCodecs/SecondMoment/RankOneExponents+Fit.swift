/// Fitting exponents to a second moment. The encoder's part; deterministic all the same.
extension RankOneExponents {
    /// How far the total may be off before hysteresis gives way: a tenth of an octave.
    private static let levelTolerance = QuarterOctaves.one * 4 / 10

    /// The exponents of a row-major matrix: row means, and column means against what the rows then are (or the other
    /// way round). A vector of n values is n x 1 with one column exponent 0, exact to an eighth of an octave.
    ///
    /// Each exponent is within an eighth of an octave of what its row or column asks for, or within the hysteresis of
    /// `moves` if that keeps it where it was; the total within an eighth of an octave.
    ///
    /// - Parameters:
    ///   - first: the first moment's values if there are any. Where they are not zero, the restored second moment is
    ///     not zero either: an all-zero row or column gets the exponent `smallest` instead of `absent`.
    ///   - previous: the exponents of the step before; of other dimensions, they count as none.
    ///   - moves: how readily exponents leave those of the step before.
    /// - Returns: nil where a value is NaN, infinite or negative.
    package static func fit(
        _ values: UnsafeBufferPointer<Float>, rows: Int, columns: Int, first: UnsafeBufferPointer<Float>?,
        previous: RankOneExponents?, moves: ExponentMoves = .fine
    ) -> RankOneExponents? {
        precondition(values.count == rows * columns, "a matrix of rows x columns values")
        precondition(first.map { $0.count == values.count } ?? true, "as many first moments as second ones")
        guard let means = SecondMomentMeans(values, rows: rows, columns: columns) else { return nil }
        let previous = previous.flatMap { $0.rows.count == rows && $0.columns.count == columns ? $0 : nil }
        let rowSide = ExponentSide(
            logarithms: (0..<rows).map { i in
                logarithm(means.rows[i]) { first.map { $0[i * columns..<(i + 1) * columns].contains { $0 != 0 } } }
            },
            previous: previous?.rows, moves: moves)
        let columnSide = ExponentSide(
            logarithms: (0..<columns).map { j in
                logarithm(means.columns[j]) {
                    first.map { first in (0..<rows).contains { first[$0 * columns + j] != 0 } }
                }
            },
            previous: previous?.columns, moves: moves)
        if columns == 1 {
            let level = [Int32](repeating: 0, count: 1)
            let held = rowSide.exponents(level: 0, moves: moves)
            let right = isLevel(held, level, means)
            return RankOneExponents(rows: right ? held : rowSide.exponents(level: 0, moves: .nearest), columns: level)
        }
        // The longer side keeps its exponents at whatever level that needs, the shorter one takes the level over.
        if previous == nil || rows >= columns {
            let fitted = rowSide.exponents(level: rowSide.steadiestLevel(), moves: moves)
            return RankOneExponents(
                rows: fitted, columns: columnSide.against(fitted) { isLevel(fitted, $0, means) })
        }
        let fitted = columnSide.exponents(level: columnSide.steadiestLevel(), moves: moves)
        return RankOneExponents(
            rows: rowSide.against(fitted) { isLevel($0, fitted, means) }, columns: fitted)
    }

    /// The logarithm of a mean; of a zero mean `absent`, unless the first moment is not zero there.
    private static func logarithm(_ mean: Double, isNeeded: () -> Bool?) -> Int {
        if mean > 0 { return QuarterOctaves.logarithm(mean) }
        return isNeeded() ?? false ? ExponentSide.smallest : ExponentSide.absent
    }

    /// Whether the restored total is within the tolerance of the true one.
    private static func isLevel(_ rows: [Int32], _ columns: [Int32], _ means: SecondMomentMeans) -> Bool {
        let total = means.rows.reduce(0, +) * Double(columns.count)
        guard total > 0 else { return true }
        let restored = ExponentSide.sum(rows) * ExponentSide.sum(columns)
        return abs(QuarterOctaves.logarithm(restored) - QuarterOctaves.logarithm(total)) <= levelTolerance
    }
}

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
