/// A matrix of integers in units of a power of two.
struct ScaledMatrix {
    var matrix: IntegerMatrix
    /// The matrix stands for its integers times 2^exponent.
    var exponent: Int

    init(_ matrix: IntegerMatrix, exponent: Int) {
        self.matrix = matrix
        self.exponent = exponent
    }

    static func identity(_ size: Int) -> ScaledMatrix {
        var values = [Double](repeating: 0, count: size * size)
        for i in 0..<size { values[i * size + i] = 1 }
        return ScaledMatrix(IntegerMatrix(rows: size, columns: size, values: values), exponent: 0)
    }

    /// The same in the least coarser unit that brings all magnitudes below `limit`.
    func limited(below limit: Double) -> ScaledMatrix {
        let largest = matrix.largestMagnitude
        var shift = 0
        while largest * DeterministicLoops.powerOfTwo(-shift) + 1 > limit, shift < 64 { shift += 1 }
        return largest < limit ? self : rounded(to: exponent + shift)
    }

    /// The same in units of 2^exponent, rounded to the nearest. Magnitudes must end below 2^51, or `exponent` not be
    /// above the present one. Zeros come out without a sign.
    consuming func rounded(to exponent: Int) -> ScaledMatrix {
        let factor = DeterministicLoops.powerOfTwo(self.exponent - exponent)
        let finer = exponent <= self.exponent
        var result = self
        result.exponent = exponent
        result.matrix.values.withUnsafeMutableBufferPointer { values in
            var i = 0
            if finer {
                while i < values.count {
                    // Adding zero makes -0, which BLAS may or may not leave, 0.
                    values[i] = values[i] * factor + 0
                    i &+= 1
                }
            } else {
                while i < values.count {
                    values[i] = DeterministicLoops.rounded(values[i] * factor)
                    i &+= 1
                }
            }
        }
        return result
    }

    /// Every column times its own factor, rounded to integers in the same unit.
    func columns(times factors: [Double]) -> ScaledMatrix {
        var result = self
        let columns = matrix.columns
        for row in 0..<matrix.rows {
            for column in 0..<columns {
                let index = row &* columns &+ column
                result.matrix.values[index] = DeterministicLoops.rounded(matrix.values[index] * factors[column])
            }
        }
        return result
    }

    /// The weighted sum of matrices of one shape, added up in order: Doubles in units of 2^exponent.
    static func sum(_ terms: [(matrix: ScaledMatrix, weight: Double)]) -> (values: [Double], exponent: Int) {
        guard let first = terms.first else { return ([], 0) }
        let exponent = terms.reduce(first.matrix.exponent) { max($0, $1.matrix.exponent) }
        var values = [Double](repeating: 0, count: first.matrix.matrix.values.count)
        for term in terms {
            let factor = term.weight * DeterministicLoops.powerOfTwo(term.matrix.exponent - exponent)
            values.withUnsafeMutableBufferPointer { sum in
                term.matrix.matrix.values.withUnsafeBufferPointer { addend in
                    for i in 0..<min(sum.count, addend.count) { sum[i] += factor * addend[i] }
                }
            }
        }
        return (values, exponent)
    }
}
