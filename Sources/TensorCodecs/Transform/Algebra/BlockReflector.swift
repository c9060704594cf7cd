/// An orthogonal matrix whose first columns are given directions: B = I - V T V', with V of unit lower trapezoidal
/// form, the rest completed without being written out. T is computed from the rounded V such that B is orthogonal
/// however coarse V is.
struct BlockReflector: Sendable {
    /// V', one reflection a row, times 2^14.
    let vectors: ExactMatrixProduct
    /// T, upper triangular, times 2^18.
    private let kernel: ExactMatrixProduct

    /// Bits behind the point of V.
    static let vectorBits = 14
    private static let kernelBits = 18
    /// Largest element of T that is still believed to be more than the work of rounding errors.
    private static let kernelLimit = 0x1p12

    /// The reflections that span what the rows span: Householder's decomposition, row i made orthogonal to those above.
    /// - Parameter rows: `count` rows of `size` Doubles of any common scale, `count` at most `size`.
    init(orthogonalising rows: [Double], count: Int, size: Int) {
        var rows = rows
        BlockReflector.decompose(&rows, count, size)
        let vectors = IntegerMatrix(rows: count, columns: size, values: rows)
        if let good = BlockReflector(vectors: vectors) {
            self = good
            return
        }
        // Reflections of the axes: any orthogonal matrix will do, as long as everyone takes the same.
        var axes = [Double](repeating: 0, count: count * size)
        for i in 0..<count { axes[i * size + i] = 0x1p14 }
        self.vectors = ExactMatrixProduct(
            IntegerMatrix(rows: count, columns: size, values: axes), exponent: -BlockReflector.vectorBits)
        var kernel = ScaledMatrix.identity(count)
        for i in 0..<count { kernel.matrix.values[i * count + i] = 0x1p19 }
        self.kernel = ExactMatrixProduct(kernel.matrix, exponent: -BlockReflector.kernelBits)
    }

    /// - Parameter vectors: V' times 2^14.
    /// - Returns: nil if no T belongs to it.
    init?(vectors: IntegerMatrix) {
        let scaled = ScaledMatrix(vectors, exponent: -BlockReflector.vectorBits)
        let count = vectors.rows
        // T is the inverse of the upper half of V'V, the diagonal halved: then I - V T V' is orthogonal.
        let products = ScaledMatrix.sum([(ExactMatrixProduct.gram(scaled), 1)])
        let unit = DeterministicLoops.powerOfTwo(products.exponent)
        var inverse = [Double](repeating: 0, count: count * count)
        inverse.withUnsafeMutableBufferPointer { inverse in
            guard let start = inverse.baseAddress else { return }
            for i in Swift.stride(from: count - 1, through: 0, by: -1) {
                let row = start + i * count
                row[i] = 1
                for j in i + 1..<max(count, i + 1) {
                    DeterministicLoops.add(-products.values[i * count + j] * unit, start + j * count, to: row, count)
                }
                let diagonal = 0.5 * products.values[i * count + i] * unit
                for j in i..<count { row[j] /= diagonal }
            }
        }
        let largest = DeterministicLoops.largestMagnitude(inverse)
        guard largest < BlockReflector.kernelLimit, inverse.allSatisfy(\.isFinite) else { return nil }
        let scale = DeterministicLoops.powerOfTwo(BlockReflector.kernelBits)
        let values = inverse.map { DeterministicLoops.rounded($0 * scale) }
        self.vectors = ExactMatrixProduct(scaled)
        self.kernel = ExactMatrixProduct(
            IntegerMatrix(rows: count, columns: count, values: values), exponent: -BlockReflector.kernelBits)
    }

    /// The first columns of B as rows, times 2^14.
    func directions() -> ScaledMatrix {
        let (count, size) = (vectors.matrix.rows, vectors.matrix.columns)
        var top: [Double] = []
        top.reserveCapacity(count * count)
        for row in 0..<count { top += vectors.matrix.values[row * size..<row * size + count] }
        let left = ScaledMatrix(IntegerMatrix(rows: count, columns: count, values: top), exponent: vectors.exponent)
        let product = kernel.times(left, side: .right, transposed: true, transposingOther: true)
        var result = vectors.times(product, side: .right, transposed: false).rounded(to: -BlockReflector.vectorBits)
        for i in result.matrix.values.indices { result.matrix.values[i] = -result.matrix.values[i] }
        for i in 0..<count { result.matrix.values[i * size + i] += 0x1p14 }
        return result
    }

    /// Makes of X B' X (left) or X B (right); `restoring` B X or X B'.
    func apply(to x: inout BoundedMatrix, side: Side, restoring: Bool) {
        let inside = vectors.times(x, side: side, transposed: side == .right)
        let weighted = kernel.times(inside, side: side, transposed: (side == .left) != restoring)
        vectors.subtractProduct(weighted, from: &x, side: side)
    }

    /// Replaces the rows by the vectors of their reflections, times 2^14 and rounded.
    private static func decompose(_ rows: inout [Double], _ count: Int, _ size: Int) {
        let largest = DeterministicLoops.largestMagnitude(rows)
        let scale = largest > 0 && largest.isFinite ? DeterministicLoops.powerOfTwo(-largest.exponent) : 1
        for i in rows.indices { rows[i] *= scale }
        var factors = [Double](repeating: 0, count: count)
        rows.withUnsafeMutableBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            // A few reflections at a time go over each row below, while it is in the cache.
            var low = 0
            while low < count {
                let high = min(low + panel, count)
                for row in low..<count {
                    for k in low..<min(row, high) {
                        reflect(start + (row * size + k), by: start + (k * size + k), factors[k], size - k)
                    }
                    if row < high { factors[row] = makeReflection(start + (row * size + row), size - row) }
                }
                low = high
            }
            for k in 0..<count {
                let row = start + k * size
                for i in 0..<k { row[i] = 0 }
                for i in k..<size { row[i] = DeterministicLoops.rounded(row[i] * 0x1p14) }
            }
        }
    }

    private static let panel = 16

    /// Makes of a vector x the v, with a one in front, whose reflection I - factor v v' turns x onto the first axis.
    private static func makeReflection(_ v: UnsafeMutablePointer<Double>, _ length: Int) -> Double {
        let tail = DeterministicLoops.dot(v + 1, v + 1, length - 1)
        let norm = (v[0] * v[0] + tail).squareRoot()
        let first = v[0] < 0 ? v[0] - norm : v[0] + norm
        if first.magnitude > 0x1p-400 {
            for i in 1..<max(length, 1) { v[i] /= first }
        } else {
            for i in 1..<max(length, 1) { v[i] = 0 }
        }
        v[0] = 1
        return 2 / (1 + DeterministicLoops.dot(v + 1, v + 1, length - 1))
    }

    @inline(__always)
    private static func reflect(
        _ row: UnsafeMutablePointer<Double>, by v: UnsafePointer<Double>, _ factor: Double, _ length: Int
    ) {
        DeterministicLoops.add(-factor * DeterministicLoops.dot(v, row, length), v, to: row, length)
    }
}
