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

extension FullBasis {
    func serialise(into writer: inout ByteWriter) {
        let size = covariance.rows
        writer.append(littleEndian: Int64(exponent))
        for row in 0..<size {
            for column in row..<size { writer.append(littleEndian: Int32(covariance.values[row * size + column])) }
        }
        for value in directions.matrix.values { writer.append(littleEndian: Int16(value)) }
        for energy in energies { writer.append(littleEndian: energy) }
    }

    init(from reader: inout ByteReader, size: Int) throws(CodecError) {
        let exponent = Int(try reader.read(littleEndian: Int64.self))
        // Two bytes a direction's element, and two more for half of the covariance.
        guard size <= reader.remaining / 4, size * size <= reader.remaining / 4, abs(exponent / 2) < 1 << 40 else {
            throw reader.corrupt("no basis of \(size) directions")
        }
        var covariance = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in row..<size {
                let value = Double(try reader.read(littleEndian: Int32.self))
                covariance[row * size + column] = value
                covariance[column * size + row] = value
            }
        }
        var directions = [Double](repeating: 0, count: size * size)
        for i in directions.indices { directions[i] = Double(try reader.read(littleEndian: Int16.self)) }
        var energies = [Int32](repeating: 0, count: size)
        for i in energies.indices { energies[i] = try reader.read(littleEndian: Int32.self) }
        self.init(
            covariance: IntegerMatrix(rows: size, columns: size, values: covariance), exponent: exponent,
            directions: IntegerMatrix(rows: size, columns: size, values: directions), energies: energies)
    }
}
