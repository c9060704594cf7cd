/// What the rank-1 matrix leaves over, element by element, for the quality `high`:
/// v[i,j] = value(rows[i] + columns[j] + step * k[i,j] - pull * sign k[i,j]).
///
/// Few elements are far from the matrix, so those that share a k other than 0 lie nearer to it than the middle of what k
/// stands for: the pull. And k = 0 takes in more than half a step: the dead zone, which is the encoder's choice.
extension RankOneExponents {
    /// The largest |k|.
    package static let residualLimit: Int32 = 31
    /// A step of 1.25 octaves: the coarsest at which values are right to a factor of 1.25 (root mean square).
    package static let residualStepSize: Int32 = 5
    /// |k| is the largest whole number that leaves at least this much, in 64ths of a step (32: rounding).
    private static let deadZone = 34

    /// How far restored values lie nearer to the matrix, in quarter octaves: 1, for steps below an octave 0.
    private static func pull(_ stepSize: Int32) -> Int32 { stepSize < 4 ? 0 : 1 }

    /// k of every element; values come back within `deadZone` of a step (beyond, |k| is the limit). Zero values, and those
    /// too far down, get -31 (they do not come back as zero); in absent rows and columns k is 0.
    /// - Parameter step: in quarter octaves, 1 ... 64.
    package func residual(_ values: UnsafeBufferPointer<Float>, stepSize: Int32) -> [Int32] {
        precondition(values.count == rows.count * columns.count, "rows x columns values")
        precondition((1...64).contains(stepSize), "a step size of 1 to 64 quarter octaves")
        let (width, one, limit) = (columns.count, QuarterOctaves.one, Int(Self.residualLimit))
        // Division by the step as a multiplication: fewer than 2^30 times fewer than 2^25.
        let (reciprocal, rest) = ((1 << 40) / (Int(stepSize) * one), (64 - Self.deadZone) << 34)
        var result = [Int32](repeating: 0, count: values.count)
        for (i, row) in rows.enumerated() where row != Self.absent {
            for (j, column) in columns.enumerated() where column != Self.absent {
                let value = values[i * width + j]
                guard value > 0 else {
                    result[i * width + j] = -Self.residualLimit
                    continue
                }
                let difference = QuarterOctaves.tableLogarithm(value) - (Int(row) + Int(column)) * one
                let size = Int32(truncatingIfNeeded: min((abs(difference) * reciprocal + rest) >> 40, limit))
                result[i * width + j] = difference < 0 ? -size : size
            }
        }
        return result
    }

    /// Writes the matrix with its residual. k beyond the limit counts as the limit; absent rows and columns stay zero.
    package func restore(
        residual: UnsafeBufferPointer<Int32>, stepSize: Int32, into output: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(output.count == rows.count * columns.count, "the output holds rows x columns values")
        precondition(residual.count == output.count, "as many residuals as values")
        precondition((1...64).contains(stepSize), "a step size of 1 to 64 quarter octaves")
        let (width, pull) = (columns.count, Self.pull(stepSize))
        for (i, row) in rows.enumerated() {
            for (j, column) in columns.enumerated() {
                let sum = Self.sum(row, column)
                let k = min(max(residual[i * width + j], -Self.residualLimit), Self.residualLimit)
                output[i * width + j] = Self.value(sum == Self.absent ? sum : sum + stepSize * k - pull * k.signum())
            }
        }
    }
}
