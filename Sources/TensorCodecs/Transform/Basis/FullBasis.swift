/// All eigenvectors of one side's covariance.
struct FullBasis: Sendable {
    /// The decayed covariance: integers below 2^31 times 2^exponent.
    private(set) var covariance: IntegerMatrix
    private(set) var exponent: Int
    /// One direction a row, times 2^14.
    private(set) var directions: ExactMatrixProduct
    /// Half octaves, descending.
    private(set) var energies: [Int32]

    static let directionBits = 14

    /// - Parameter samples: the products of the values, summed over the other side.
    /// - Returns: nil if all is zero.
    init?(products: ScaledMatrix) {
        guard products.matrix.largestMagnitude > 0 else { return nil }
        (self.covariance, self.exponent) = FullBasis.normalised(ScaledMatrix.sum([(products, 1)]), products.matrix.rows)
        (self.directions, self.energies) = FullBasis.eigenvectors(covariance, exponent)
    }

    /// As it was stored.
    init(covariance: IntegerMatrix, exponent: Int, directions: IntegerMatrix, energies: [Int32]) {
        self.covariance = covariance
        self.exponent = exponent
        self.directions = ExactMatrixProduct(directions, exponent: -FullBasis.directionBits)
        self.energies = energies
    }

    mutating func learn(products: ScaledMatrix) {
        guard products.matrix.largestMagnitude > 0 else {
            // Half of everything: the same directions.
            exponent -= 1
            energies = energies.map { $0 &- 2 }
            return
        }
        let old = ScaledMatrix(covariance, exponent: exponent)
        let sum = ScaledMatrix.sum([(old, SideBasis.memory), (products, 1)])
        (covariance, exponent) = FullBasis.normalised(sum, covariance.rows)
        (directions, energies) = FullBasis.eigenvectors(covariance, exponent)
    }

    var totalEnergy: Int32 {
        var trace = 0.0
        for i in 0..<covariance.rows { trace += covariance.values[i * covariance.rows + i] }
        return trace > 0 ? HalfOctaves.of(trace, exponent: exponent) : energies.first ?? 0
    }

    func apply(to x: inout BoundedMatrix, side: Side, restoring: Bool) {
        x = BoundedMatrix(
            directions.times(x, side: side, transposed: (side == .right) != restoring).rounded(to: 0).matrix)
    }

    private static func normalised(
        _ sum: (values: [Double], exponent: Int), _ size: Int
    ) -> (covariance: IntegerMatrix, exponent: Int) {
        let largest = DeterministicLoops.largestMagnitude(sum.values)
        guard largest > 0, largest.isFinite else {
            return (IntegerMatrix(rows: size, columns: size, values: sum.values.map { _ in 0 }), sum.exponent)
        }
        // Below 2^30, and 2^30 at most once rounded.
        let shift = Int(largest.exponent) - 29
        let factor = DeterministicLoops.powerOfTwo(-shift)
        let values = sum.values.map { DeterministicLoops.rounded($0 * factor) }
        return (IntegerMatrix(rows: size, columns: size, values: values), sum.exponent + shift)
    }

    private static func eigenvectors(_ covariance: IntegerMatrix, _ exponent: Int) -> (ExactMatrixProduct, [Int32]) {
        let size = covariance.rows
        let eigen = SymmetricEigen(covariance.values, size: size)
        let values = eigen.vectors.map { DeterministicLoops.rounded($0 * 0x1p14) }
        let directions = IntegerMatrix(rows: size, columns: size, values: values)
        return (
            ExactMatrixProduct(directions, exponent: -directionBits),
            HalfOctaves.of(eigen.values, exponent: exponent)
        )
    }
}
