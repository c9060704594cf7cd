/// What a tracked basis remembers of the covariance: directions with energies, and one energy everywhere beside them.
struct BasisMemory {
    private let directions: ExactMatrixProduct
    /// Of the directions beyond `rest`, as shares of the largest.
    private let shares: [Double]
    private let largest: Double
    private let rest: Double
    private let exponent: Int

    init(directions: ScaledMatrix, _ energies: [Double], rest: Double, _ exponent: Int) {
        self.directions = ExactMatrixProduct(directions)
        let beyond = energies.map { max($0 - rest, 0) }
        let largest = beyond.max() ?? 0
        self.shares = beyond.map { largest > 0 ? $0 / largest : 0 }
        self.largest = largest
        self.rest = rest
        self.exponent = exponent
    }

    /// The decayed covariance times other directions, as terms of a sum.
    func image(of others: ScaledMatrix) -> [(matrix: ScaledMatrix, weight: Double)] {
        let overlap = directions.times(others, side: .right, transposed: true)
        let weighted = overlap.limited(below: 0x1p30).columns(times: shares)
        return [
            term(directions.times(weighted, side: .right, transposed: false), largest),
            term(others, rest),
        ]
    }

    /// The decayed covariance seen from other directions, as terms of a sum.
    func seen(from others: ScaledMatrix) -> [(matrix: ScaledMatrix, weight: Double)] {
        let overlap = directions.times(others, side: .right, transposed: true)
        let weighted = overlap.limited(below: 0x1p30).columns(times: shares.map { $0.squareRoot() })
        return [
            term(ExactMatrixProduct.gram(weighted), largest),
            term(ScaledMatrix.identity(others.matrix.rows), rest),
        ]
    }

    private func term(_ matrix: ScaledMatrix, _ energy: Double) -> (matrix: ScaledMatrix, weight: Double) {
        (ScaledMatrix(matrix.matrix, exponent: matrix.exponent + exponent), SideBasis.memory * energy)
    }
}
