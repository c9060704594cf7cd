/// An integer matrix that others are multiplied with. The products run through BLAS, and BLAS adds in an order of its
/// own, with or without fused operations; so the other matrix is brought into a unit in which no partial sum can reach
/// 2^53. Then every order gives the same integers.
struct ExactMatrixProduct: Sendable {
    let matrix: IntegerMatrix
    /// The factor stands for its integers times 2^exponent.
    let exponent: Int
    /// The largest sum of magnitudes of a row, and of a column.
    private let rowNorm: Double
    private let columnNorm: Double

    init(_ matrix: IntegerMatrix, exponent: Int) {
        self.matrix = matrix
        self.exponent = exponent
        (self.rowNorm, self.columnNorm) = ExactMatrixProduct.norms(matrix)
    }

    init(_ scaled: ScaledMatrix) {
        self.init(scaled.matrix, exponent: scaled.exponent)
    }

    /// F X (`side` left) or X F (right), exactly but for the unit X is brought to; either may be transposed.
    func times(_ x: ScaledMatrix, side: Side, transposed: Bool, transposingOther: Bool = false) -> ScaledMatrix {
        // The index summed over runs along the rows of F, or along its columns.
        let norm = (side == .left) == transposed ? columnNorm : rowNorm
        let x = x.limited(below: ExactMatrixProduct.exactLimit / max(norm, 2))
        let product =
            side == .left
            ? ExactMatrixProduct.product(matrix, transposed, x.matrix, transposingOther)
            : ExactMatrixProduct.product(x.matrix, transposingOther, matrix, transposed)
        return ScaledMatrix(product, exponent: x.exponent + exponent)
    }

    /// The same for a matrix in units of 1 whose largest magnitude is known.
    func times(_ x: BoundedMatrix, side: Side, transposed: Bool) -> ScaledMatrix {
        let norm = (side == .left) == transposed ? columnNorm : rowNorm
        guard x.largest < ExactMatrixProduct.exactLimit / max(norm, 2) else {
            return times(ScaledMatrix(x.matrix, exponent: 0), side: side, transposed: transposed)
        }
        let product =
            side == .left
            ? ExactMatrixProduct.product(matrix, transposed, x.matrix, false)
            : ExactMatrixProduct.product(x.matrix, false, matrix, transposed)
        return ScaledMatrix(product, exponent: exponent)
    }

    /// Takes F' Y (left) or Y F (right), rounded to integers, from X. Row by row of blocks that stay in the cache.
    func subtractProduct(_ y: ScaledMatrix, from x: inout BoundedMatrix, side: Side) {
        let y = y.limited(below: ExactMatrixProduct.exactLimit / max(columnNorm, 2))
        let exponent = y.exponent + exponent
        let (rows, columns, inner) = (x.matrix.rows, x.matrix.columns, matrix.rows)
        guard rows > 0, columns > 0 else { return }
        let height = max(1, min(rows, ExactMatrixProduct.block / columns))
        let factor = DeterministicLoops.powerOfTwo(exponent), isFine = exponent < 0
        var largest = 0.0
        x.matrix.values.withUnsafeMutableBufferPointer { x in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: height * columns) { product in
                for top in Swift.stride(from: 0, to: rows, by: height) {
                    let count = min(height, rows - top)
                    let line = UnsafeMutableBufferPointer(rebasing: x[top * columns..<(top + count) * columns])
                    if side == .left {
                        ExactMatrixProduct.multiply(
                            (count, columns, inner), (matrix.values, top, matrix.columns, true),
                            (y.matrix.values, y.matrix.columns), into: product)
                    } else {
                        ExactMatrixProduct.multiply(
                            (count, columns, inner), (y.matrix.values, top * inner, inner, false),
                            (matrix.values, matrix.columns), into: product)
                    }
                    largest = max(largest, DeterministicLoops.subtract(product, times: factor, isFine, from: line))
                }
            }
        }
        x.largest = largest
    }

    /// Elements of a block.
    private static let block = 1 << 18

    private static func multiply(
        _ size: (rows: Int, columns: Int, inner: Int),
        _ a: (values: [Double], start: Int, stride: Int, transposed: Bool),
        _ b: (values: [Double], stride: Int), into result: UnsafeMutableBufferPointer<Double>
    ) {
        a.values.withUnsafeBufferPointer { left in
            b.values.withUnsafeBufferPointer { right in
                guard size.inner > 0, let left = left.baseAddress, let right = right.baseAddress else {
                    return result.update(repeating: 0)
                }
                IntegerProduct.multiply(
                    size, .init(values: left + a.start, stride: a.stride, transposed: a.transposed),
                    .init(values: right, stride: b.stride, transposed: false), into: result)
            }
        }
    }

    /// X X', or X' X with `transposed`, exactly but for the unit X is brought to.
    static func gram(_ x: ScaledMatrix, transposed: Bool = false) -> ScaledMatrix {
        var x = x.limited(below: 0x1p26)
        while true {
            let norms = norms(x.matrix)
            // A partial sum of |a||b| is at most the sum of the magnitudes of one times the largest of the other.
            let bound = (transposed ? norms.column : norms.row) * x.matrix.largestMagnitude
            if bound < exactLimit { break }
            // Each bit that goes makes the bound four times smaller, but for the rounding.
            x = x.rounded(to: x.exponent + max(1, Int((bound / exactLimit).exponent) / 2))
        }
        let product = product(x.matrix, transposed, x.matrix, !transposed)
        return ScaledMatrix(product, exponent: 2 * x.exponent)
    }

    /// Below 2^53, so that what is rounded afterwards has a bit to spare.
    private static let exactLimit = 0x1p52

    private static func norms(_ matrix: IntegerMatrix) -> (row: Double, column: Double) {
        let (rows, columns) = (matrix.rows, matrix.columns)
        var columnSums = [Double](repeating: 0, count: columns)
        var largest = 0.0
        matrix.values.withUnsafeBufferPointer { values in
            columnSums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows {
                    let start = row &* columns
                    var (a, b) = (0.0, 0.0)
                    var i = 0
                    while i &+ 1 < columns {
                        let (x, y) = (values[start &+ i].magnitude, values[start &+ i &+ 1].magnitude)
                        a += x
                        b += y
                        sums[i] += x
                        sums[i &+ 1] += y
                        i &+= 2
                    }
                    if i < columns {
                        a += values[start &+ i].magnitude
                        sums[i] += values[start &+ i].magnitude
                    }
                    largest = max(largest, a + b)
                }
            }
        }
        // Sums above 2^53 are rounded, by far less than this.
        let slack = 1 + 0x1p-30
        return (largest * slack, DeterministicLoops.largestMagnitude(columnSums) * slack)
    }

    private static func product(
        _ a: IntegerMatrix, _ transposedA: Bool, _ b: IntegerMatrix, _ transposedB: Bool
    ) -> IntegerMatrix {
        let (m, k) = transposedA ? (a.columns, a.rows) : (a.rows, a.columns)
        let n = transposedB ? b.rows : b.columns
        precondition(k == (transposedB ? b.columns : b.rows))
        guard m > 0, n > 0, k > 0 else {
            return IntegerMatrix(rows: m, columns: n, values: [Double](repeating: 0, count: m * n))
        }
        let values = [Double](unsafeUninitializedCapacity: m * n) { result, count in
            a.values.withUnsafeBufferPointer { left in
                b.values.withUnsafeBufferPointer { right in
                    guard let left = left.baseAddress, let right = right.baseAddress else { return }
                    IntegerProduct.multiply(
                        (m, n, k), .init(values: left, stride: a.columns, transposed: transposedA),
                        .init(values: right, stride: b.columns, transposed: transposedB),
                        into: UnsafeMutableBufferPointer(rebasing: result[..<(m * n)]))
                }
            }
            count = m * n
        }
        return IntegerMatrix(rows: m, columns: n, values: values)
    }
}
