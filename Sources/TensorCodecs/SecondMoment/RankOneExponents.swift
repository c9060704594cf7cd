/// A second moment as a rank-1 matrix of powers of two: v[i,j] ~ 2^((rows[i] + columns[j]) / 4).
///
/// Exponents count quarter octaves. A resumed optimizer needs no more of its second moment than this.
package struct RankOneExponents: Equatable, Sendable {
    /// One per row, in `range`, or `absent`.
    package var rows: [Int32]
    /// One per column, in `range`, or `absent`.
    package var columns: [Int32]

    /// Stands for a row or column that is zero throughout.
    package static let absent = Int32.min
    /// Exponents of one side that can be stored. Floats span -596...511; the rest is room for how a level is split
    /// between rows and columns.
    package static let range: ClosedRange<Int32> = -2000...2000
    /// The exponent of the smallest positive Float, 2^-149.
    package static let smallest: Int32 = -596

    package init(rows: [Int32], columns: [Int32]) {
        self.rows = rows
        self.columns = columns
    }

    /// 2^(0/4) ... 2^(3/4) with 23 fraction bits.
    private static let significands: [UInt32] = [0x80_0000, 0x98_37f0, 0xb5_04f3, 0xd7_44fd]

    /// The restored value of an exponent in quarter octaves: at least the smallest denormal, at most the largest finite
    /// Float, 0 for `absent`. Integer arithmetic, the same on every CPU.
    package static func value(_ exponent: Int32) -> Float {
        guard exponent != absent else { return 0 }
        guard exponent >= smallest else { return .leastNonzeroMagnitude }
        guard exponent < 512 else { return .greatestFiniteMagnitude }
        let octave = exponent >> 2
        let significand = significands[Int(exponent & 3)]
        if octave >= -126 {
            return Float(bitPattern: UInt32(octave + 127) << 23 | (significand & 0x7f_ffff))
        }
        // A denormal: 2^-149 is its last place. Rounded to nearest.
        let shift = UInt32(-126 - octave)
        return Float(bitPattern: (significand + (1 << (shift - 1))) >> shift)
    }

    /// The exponent of an element, `absent` where its row or its column is.
    @inline(__always)
    static func sum(_ row: Int32, _ column: Int32) -> Int32 {
        row == absent || column == absent ? absent : row &+ column
    }

    /// Writes the matrix, row after row. Rows of equal exponents are made once and copied.
    package func restore(into output: UnsafeMutableBufferPointer<Float>) {
        precondition(output.count == rows.count * columns.count, "the output holds rows x columns values")
        let width = columns.count
        var made: [Int32: Int] = [:]
        for (i, row) in rows.enumerated() {
            let line = UnsafeMutableBufferPointer(rebasing: output[i * width..<(i + 1) * width])
            if width > 1, let twin = made[row] {
                _ = line.update(fromContentsOf: output[twin * width..<(twin + 1) * width])
                continue
            }
            for j in 0..<width { line[j] = Self.value(Self.sum(row, columns[j])) }
            made[row] = i
        }
    }

    /// Whether every element is zero.
    package var isZero: Bool {
        !rows.contains { $0 != Self.absent } || !columns.contains { $0 != Self.absent }
    }

    /// Mean exponent of the elements outside absent rows and columns, in quarter octaves; 0 if there are none (see
    /// `isZero`). The sums are integers, so no order changes it.
    package var meanExponent: Double {
        isZero ? 0 : Self.mean(rows) + Self.mean(columns)
    }

    private static func mean(_ exponents: [Int32]) -> Double {
        var (sum, count) = (0, 0)
        for exponent in exponents where exponent != absent {
            sum += Int(exponent)
            count += 1
        }
        return Double(sum) / Double(count)
    }
}

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
