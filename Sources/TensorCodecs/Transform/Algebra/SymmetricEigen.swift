/// Eigenvalues and eigenvectors of a symmetric matrix, the same bits on every machine: Householder's reduction to a
/// tridiagonal matrix, then QL iterations with implicit shifts.
struct SymmetricEigen {
    /// Descending.
    private(set) var values: [Double]
    /// Row i belongs to `values[i]`. Orthonormal whatever the matrix holds.
    private(set) var vectors: [Double]

    /// What is smaller than this against the largest element of the tridiagonal matrix counts as zero.
    private static let precision = 0x1p-50
    /// Sweeps for one eigenvalue. Two are usual; after these the value is taken as it is.
    private static let sweeps = 60

    /// `matrix` is row-major; NaN and infinity in it give the unit vectors.
    init(_ matrix: [Double], size: Int) {
        precondition(matrix.count == size * size)
        self.values = [Double](repeating: 0, count: size)
        self.vectors = [Double](repeating: 0, count: size * size)
        let largest = DeterministicLoops.largestMagnitude(matrix)
        guard largest > 0, largest.isFinite, matrix.allSatisfy(\.isFinite) else {
            for i in 0..<size { vectors[i * size + i] = 1 }
            return
        }
        let scale = largest.exponent
        let factor = DeterministicLoops.powerOfTwo(-scale)
        var tridiagonal = Tridiagonal(matrix.map { $0 * factor }, size: size)
        SymmetricEigen.diagonalise(&tridiagonal)
        let diagonal = tridiagonal.diagonal
        let order = (0..<size).sorted { (diagonal[$0], $1) > (diagonal[$1], $0) }
        let back = DeterministicLoops.powerOfTwo(scale)
        for (row, source) in order.enumerated() {
            values[row] = diagonal[source] * back
            let start = source * tridiagonal.stride
            for column in 0..<size { vectors[row * size + column] = tridiagonal.rows[start + column] }
        }
    }

    /// QL iterations: the diagonal becomes the eigenvalues, the rows the eigenvectors.
    private static func diagonalise(_ matrix: inout Tridiagonal) {
        let size = matrix.size
        var largest = 0.0
        for i in 0..<size {
            largest = max(largest, matrix.diagonal[i].magnitude + matrix.beside[i].magnitude)
        }
        let small = largest * precision
        var rotations = [(cosine: Double, sine: Double)](repeating: (1, 0), count: size)
        for low in 0..<size {
            for _ in 0..<sweeps {
                var high = low
                while high < size - 1, matrix.beside[high].magnitude > small { high += 1 }
                if high == low { break }
                let last = sweep(&matrix, low, high, &rotations)
                matrix.rotate(rotations, from: high - 1, through: last)
            }
        }
    }

    /// One sweep over the block from `low` to `high`; rotation i turns rows i and i + 1, from the last down to the
    /// returned one.
    private static func sweep(
        _ matrix: inout Tridiagonal, _ low: Int, _ high: Int, _ rotations: inout [(cosine: Double, sine: Double)]
    ) -> Int {
        // The shift: the eigenvalue of the block's first two by two that is nearer to its first element.
        let half = (matrix.diagonal[low + 1] - matrix.diagonal[low]) / (2 * matrix.beside[low])
        let root = (half * half + 1).squareRoot()
        var g =
            matrix.diagonal[high] - matrix.diagonal[low] + matrix.beside[low] / (half < 0 ? half - root : half + root)
        var (sine, cosine, shift) = (1.0, 1.0, 0.0)
        var i = high - 1
        while i >= low {
            let f = sine * matrix.beside[i]
            let b = cosine * matrix.beside[i]
            let length = (f * f + g * g).squareRoot()
            matrix.beside[i + 1] = length
            if length == 0 {
                matrix.diagonal[i + 1] -= shift
                matrix.beside[high] = 0
                return i + 1
            }
            sine = f / length
            cosine = g / length
            g = matrix.diagonal[i + 1] - shift
            let turned = (matrix.diagonal[i] - g) * sine + 2 * cosine * b
            shift = sine * turned
            matrix.diagonal[i + 1] = g + shift
            g = cosine * turned - b
            rotations[i] = (cosine, sine)
            i -= 1
        }
        matrix.diagonal[low] -= shift
        matrix.beside[low] = g
        matrix.beside[high] = 0
        return low
    }
}
