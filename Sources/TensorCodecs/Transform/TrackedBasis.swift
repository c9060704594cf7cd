/// The leading directions of one side's covariance, followed by orthogonal iteration and completed to a basis.
///
/// The memory of what was learned before is the directions' energies, and one energy for everything beside them.
struct TrackedBasis: Sendable {
    private(set) var reflector: BlockReflector
    /// Of the directions, descending, and of all together, in units of 2^exponent.
    private(set) var directionEnergies: [Double]
    private(set) var total: Double
    private(set) var exponent: Int

    /// Rounds of iteration when nothing is known yet, and when the last directions are at hand.
    private static let firstRounds = 4
    private static let laterRounds = 2
    /// Values are brought below this before anything is learned from them.
    private static let sampleLimit = 0x1p19

    /// As it was stored.
    init(reflector: BlockReflector, directionEnergies: [Double], total: Double, exponent: Int) {
        self.reflector = reflector
        self.directionEnergies = directionEnergies
        self.total = total
        self.exponent = exponent
    }

    /// - Parameter side: along which the samples of `x` lie: `left` means a sample a column.
    /// - Returns: nil if all is zero.
    init?(learning x: ScaledMatrix, side: Side, directions count: Int) {
        let samples = x.limited(below: TrackedBasis.sampleLimit)
        guard samples.matrix.largestMagnitude > 0 else { return nil }
        let size = side == .left ? x.matrix.rows : x.matrix.columns
        let start = TrackedBasis.arbitrary(count: count, size: size)
        (self.reflector, self.directionEnergies, self.total, self.exponent) = TrackedBasis.iterated(
            samples, side, from: start, memory: nil, rounds: TrackedBasis.firstRounds)
    }

    mutating func learn(_ x: ScaledMatrix, side: Side) {
        let samples = x.limited(below: TrackedBasis.sampleLimit)
        guard samples.matrix.largestMagnitude > 0 else {
            exponent -= 1
            return
        }
        (reflector, directionEnergies, total, exponent) = TrackedBasis.iterated(
            samples, side, from: reflector.directions(), memory: self, rounds: TrackedBasis.laterRounds)
    }

    /// Half octaves of the directions', then of the rest.
    var energies: [Int32] {
        let rest = rest
        let size = reflector.vectors.matrix.columns
        var values = directionEnergies.map { max($0, rest) }
        values += [Double](repeating: rest, count: size - values.count)
        return HalfOctaves.of(values, exponent: exponent)
    }

    var totalEnergy: Int32 {
        total > 0 ? HalfOctaves.of(total, exponent: exponent) : 0
    }

    /// Energy of every direction beside the followed ones.
    private var rest: Double {
        let others = reflector.vectors.matrix.columns - directionEnergies.count
        return others == 0 ? 0 : max(0, total - directionEnergies.reduce(0, +)) / Double(others)
    }

    /// Small integers of either sign.
    private static func arbitrary(count: Int, size: Int) -> ScaledMatrix {
        var state: UInt64 = 0x5661_7276_6500_0001
        var values = [Double](repeating: 0, count: count * size)
        for i in values.indices {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
            values[i] = Double(Int64(bitPattern: z ^ (z &>> 31)) &>> 55)
        }
        return ScaledMatrix(IntegerMatrix(rows: count, columns: size, values: values), exponent: 0)
    }

    private static func iterated(
        _ samples: ScaledMatrix, _ side: Side, from start: ScaledMatrix, memory: TrackedBasis?, rounds: Int
    ) -> (BlockReflector, [Double], Double, Int) {
        let (count, size) = (start.matrix.rows, start.matrix.columns)
        let factor = ExactFactor(samples)
        let past = memory.map { BasisMemory(directions: start, $0.directionEnergies, rest: $0.rest, $0.exponent) }
        var directions = start
        func projected(_ directions: ScaledMatrix) -> ScaledMatrix {
            factor.times(directions, side: .right, transposed: side == .right)
        }
        for _ in 0..<rounds {
            let image = factor.times(projected(directions), side: .right, transposed: side == .left)
            let sum = ScaledMatrix.sum([(image, 1)] + (past?.image(of: directions) ?? []))
            directions = BlockReflector(orthogonalising: sum.values, count: count, size: size).directions()
        }
        // Within the span: the eigenvectors of the covariance seen from it.
        let seen = ScaledMatrix.sum(
            [(ExactFactor.gram(projected(directions)), 1)] + (past?.seen(from: directions) ?? []))
        let eigen = SymmetricEigen(seen.values, size: count)
        let turn = IntegerMatrix(
            rows: count, columns: count, values: eigen.vectors.map { FixedOrder.rounded($0 * 0x1p14) })
        let turned = ExactFactor(turn, exponent: -14).times(directions, side: .left, transposed: false)
        let last = BlockReflector(orthogonalising: turned.matrix.values, count: count, size: size)

        var total = 0.0
        samples.matrix.values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return }
            total = FixedOrder.dot(start, start, values.count)
        }
        total *= FixedOrder.powerOfTwo(2 * samples.exponent - seen.exponent)
        if let memory {
            total += SideBasis.memory * memory.total * FixedOrder.powerOfTwo(memory.exponent - seen.exponent)
        }
        let unit = total > 0 && total.isFinite ? Int(total.exponent) : 0
        let scale = FixedOrder.powerOfTwo(-unit)
        let energies = eigen.values.map { min(max($0, 0) * scale, 2) }
        return (last, energies, min(total * scale, 2), seen.exponent + unit)
    }
}
