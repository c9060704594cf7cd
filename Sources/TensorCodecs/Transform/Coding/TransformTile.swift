/// A tile of a weight between two steps of a group: its bases, and the coefficients that were added up so far.
package struct TransformTile: Sendable {
    package let region: MatrixForm.Tile
    var left: SideBasis
    var right: SideBasis
    /// Grid units in the bases' coordinates, row by row; empty while all are zero.
    var coefficients: [Int32] = []

    init(_ region: MatrixForm.Tile, isVector: Bool, rule: BasisRule = .original) {
        self.region = region
        let rows = region.rows.count, columns = region.columns.count
        left = SideBasis(size: rows, kind: isVector ? .identity : rule.kind(forSide: rows), side: .left)
        right = SideBasis(size: columns, kind: isVector ? .identity : rule.kind(forSide: columns), side: .right)
    }

    init(_ region: MatrixForm.Tile, left: SideBasis, right: SideBasis, coefficients: [Int32]) {
        self.region = region
        self.left = left
        self.right = right
        self.coefficients = coefficients
    }

    /// The coefficients in the weight's own, scaled coordinates; `nil` where all are zero.
    func restored() throws(CodecError) -> BoundedMatrix? {
        guard !coefficients.isEmpty else { return nil }
        var largest: UInt32 = 0
        let values = [Double](unsafeUninitializedCapacity: region.count) { output, filled in
            coefficients.withUnsafeBufferPointer { coefficients in
                for index in 0..<min(coefficients.count, output.count) {
                    output[index] = Double(coefficients[index])
                    largest = max(largest, coefficients[index].magnitude)
                }
                filled = coefficients.count
            }
        }
        var matrix = BoundedMatrix(
            IntegerMatrix(rows: region.rows.count, columns: region.columns.count, values: values),
            largest: Double(largest))
        try left.apply(to: &matrix, restoring: true)
        try right.apply(to: &matrix, restoring: true)
        return matrix
    }

    func rotate(_ matrix: inout BoundedMatrix) throws(CodecError) {
        try left.apply(to: &matrix, restoring: false)
        try right.apply(to: &matrix, restoring: false)
    }

    /// Takes what was decoded into the bases.
    mutating func learn(_ matrix: BoundedMatrix, exponent: Int, _ rule: BasisRule) throws(CodecError) {
        guard rule.isJoint, case .tracked = left.kind, case .tracked = right.kind else {
            try left.learn(matrix, exponent: exponent, rule)
            try right.learn(matrix, exponent: exponent, rule)
            return
        }
        // What the directions of the shorter side see of the change holds nearly all that is worth following, and is a
        // fraction of its size.
        if left.size <= right.size {
            if let seen = try left.learn(matrix, exponent: exponent, rule) { right.learn(seen, rule) }
        } else if let seen = try right.learn(matrix, exponent: exponent, rule) {
            left.learn(seen, rule)
        }
    }

    mutating func add(_ levels: ArraySlice<Int32>, _ centroids: DeadZone.Centroids, stepSize: Int64) throws(CodecError)
    {
        let isInside = levels.withUnsafeBufferPointer { levels in
            // Small levels, which nearly all are, by a table.
            let values = (-Self.tableReach...Self.tableReach).map { centroids.value(Int32($0), stepSize: stepSize) }
            var largest: UInt32 = 0
            for index in 0..<levels.count { largest = max(largest, levels[index].magnitude) }
            guard largest > 0 else { return true }
            if coefficients.isEmpty { coefficients = [Int32](repeating: 0, count: region.count) }
            let isSmall = largest <= UInt32(Self.tableReach)
            return values.withUnsafeBufferPointer { values in
                coefficients.withUnsafeMutableBufferPointer { coefficients in
                    var isInside = true
                    for index in 0..<min(levels.count, coefficients.count) {
                        let level = levels[index]
                        let value =
                            isSmall || level.magnitude <= UInt32(Self.tableReach)
                            ? values[Int(level) &+ Self.tableReach] : centroids.value(level, stepSize: stepSize)
                        let sum = Int64(coefficients[index]) &+ value
                        isInside = isInside && sum.magnitude < Self.largestCoefficient
                        coefficients[index] = Int32(truncatingIfNeeded: sum)
                    }
                    return isInside
                }
            }
        }
        guard isInside else { throw .corrupt("a coefficient out of range") }
    }

    private static let tableReach = 64

    /// Far below Int32's end, so that sums over a group stay inside.
    static let largestCoefficient: UInt64 = 1 << 30
}
