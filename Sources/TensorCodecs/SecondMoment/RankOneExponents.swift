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
