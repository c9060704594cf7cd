/// A tile of a weight between two steps of a group: its bases, and the coefficients that were added up so far.
package struct TransformTile: Sendable {
    package let place: MatrixForm.Tile
    var left: SideBasis
    var right: SideBasis
    /// Grid units in the bases' coordinates, row by row; empty while all are zero.
    var coefficients: [Int32] = []

    init(_ place: MatrixForm.Tile, isVector: Bool) {
        self.place = place
        let rows = place.rows.count, columns = place.columns.count
        left = SideBasis(size: rows, kind: isVector ? .identity : SideBasis.kind(forSide: rows), side: .left)
        right = SideBasis(size: columns, kind: isVector ? .identity : SideBasis.kind(forSide: columns), side: .right)
    }

    init(_ place: MatrixForm.Tile, left: SideBasis, right: SideBasis, coefficients: [Int32]) {
        self.place = place
        self.left = left
        self.right = right
        self.coefficients = coefficients
    }

    /// The coefficients in the weight's own, scaled coordinates; `nil` where all are zero.
    func restored() throws(CodecError) -> IntegerMatrix? {
        guard !coefficients.isEmpty else { return nil }
        let matrix = IntegerMatrix(
            rows: place.rows.count, columns: place.columns.count, values: coefficients.map(Double.init))
        return try right.restore(try left.restore(matrix))
    }

    func rotated(_ matrix: IntegerMatrix) throws(CodecError) -> IntegerMatrix {
        try right.rotate(try left.rotate(matrix))
    }

    /// Takes what was decoded into the bases.
    mutating func learn(_ matrix: IntegerMatrix, exponent: Int) throws(CodecError) {
        try left.learn(matrix, exponent: exponent)
        try right.learn(matrix, exponent: exponent)
    }

    mutating func add(_ levels: ArraySlice<Int32>, _ centroids: DeadZone.Centroids, step: Int64) throws(CodecError) {
        guard levels.contains(where: { $0 != 0 }) else { return }
        if coefficients.isEmpty { coefficients = [Int32](repeating: 0, count: place.count) }
        for (index, level) in levels.enumerated() where level != 0 {
            let sum = Int64(coefficients[index]) + centroids.value(level, step: step)
            guard sum.magnitude < Self.largestCoefficient else { throw .corrupt("a coefficient out of range") }
            coefficients[index] = Int32(sum)
        }
    }

    /// Far below Int32's end, so that sums over a group stay inside.
    static let largestCoefficient: UInt64 = 1 << 30
}
