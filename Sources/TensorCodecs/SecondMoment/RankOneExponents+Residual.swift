/// What the rank-1 matrix leaves over, element by element, for the quality `high`:
/// v[i,j] = value(rows[i] + columns[j] + step * k[i,j]).
extension RankOneExponents {
    /// The largest |k|.
    package static let residualLimit: Int32 = 31

    /// k of every element: the nearest one, so values come back within half a step. Zero values, and those too far
    /// down, get -31 (they do not come back as zero); in absent rows and columns k is 0.
    /// - Parameter step: in quarter octaves, 1 ... 64.
    package func residual(_ values: UnsafeBufferPointer<Float>, step: Int32) -> [Int32] {
        precondition(values.count == rows.count * columns.count, "rows x columns values")
        precondition((1...64).contains(step), "a step of 1 to 64 quarter octaves")
        let (width, one) = (columns.count, QuarterOctaves.one)
        let (limit, size) = (Int(Self.residualLimit), Int(step) * one)
        var result = [Int32](repeating: 0, count: values.count)
        for (i, row) in rows.enumerated() where row != Self.absent {
            for (j, column) in columns.enumerated() where column != Self.absent {
                let value = values[i * width + j]
                guard value > 0 else {
                    result[i * width + j] = -Self.residualLimit
                    continue
                }
                let difference = QuarterOctaves.tableLogarithm(value) - (Int(row) + Int(column)) * one
                // Rounded half up, by flooring division.
                let doubled = 2 * difference + size
                let quotient = doubled / (2 * size) - (doubled % (2 * size) < 0 ? 1 : 0)
                result[i * width + j] = Int32(min(max(quotient, -limit), limit))
            }
        }
        return result
    }

    /// Writes the matrix with its residual. k beyond the limit counts as the limit; absent rows and columns stay zero.
    package func restore(
        residual: UnsafeBufferPointer<Int32>, step: Int32, into output: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(output.count == rows.count * columns.count, "the output holds rows x columns values")
        precondition(residual.count == output.count, "as many residuals as values")
        precondition((1...64).contains(step), "a step of 1 to 64 quarter octaves")
        let width = columns.count
        for (i, row) in rows.enumerated() {
            for (j, column) in columns.enumerated() {
                let sum = Self.sum(row, column)
                let k = min(max(residual[i * width + j], -Self.residualLimit), Self.residualLimit)
                output[i * width + j] = Self.value(sum == Self.absent ? sum : sum + step * k)
            }
        }
    }
}
