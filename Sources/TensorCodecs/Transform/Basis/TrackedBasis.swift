/// The leading directions of one side's covariance, followed by orthogonal iteration and completed to a basis.
///
/// The memory of what was learned before is the directions' energies, and one energy for everything beside them.
struct TrackedBasis: Sendable {
    private(set) var reflector: BlockReflector
    /// Of the directions, descending, and of all together, in units of 2^exponent.
    private(set) var directionEnergies: [Double]
    private(set) var total: Double
    private(set) var exponent: Int

    /// Values are brought below this before anything is learned from them.
    private static let sampleLimit = 0x1p19

    /// As it was stored.
    init(reflector: BlockReflector, directionEnergies: [Double], total: Double, exponent: Int) {
        self.reflector = reflector
        self.directionEnergies = directionEnergies
        self.total = total
        self.exponent = exponent
    }

    /// What a basis learns from.
    struct Samples {
        let matrix: ScaledMatrix
        /// Along which the samples lie: `left` means a sample a column.
        let side: Side
        /// Energy of all that the samples stand for, in units of 2^(2 matrix.exponent).
        let energy: Double

        init(_ x: ScaledMatrix, side: Side) {
            matrix = x.limited(below: TrackedBasis.sampleLimit)
            self.side = side
            var energy = 0.0
            matrix.matrix.values.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress else { return }
                energy = DeterministicLoops.dot(start, start, values.count)
            }
            self.energy = energy
        }

        /// Samples as rows that stand for more than they hold.
        init(rows x: ScaledMatrix, energy: Double, exponent: Int) {
            matrix = x.limited(below: TrackedBasis.sampleLimit)
            side = .right
            self.energy = energy * DeterministicLoops.powerOfTwo(exponent - 2 * matrix.exponent)
        }

        var isZero: Bool { matrix.matrix.largestMagnitude == 0 }
        /// Values of a sample.
        var size: Int { side == .left ? matrix.matrix.rows : matrix.matrix.columns }
    }

    /// A basis for the first samples, and what its directions see of them; `nil` if all is zero.
    static func opened(by samples: Samples, directions count: Int, rounds: Int) -> (TrackedBasis, Samples)? {
        guard !samples.isZero else { return nil }
        let start = arbitrary(count: count, size: samples.size)
        return iterated(samples, from: start, memory: nil, rounds: rounds)
    }

    /// - Returns: what the new directions see of the samples; `nil` if all is zero.
    mutating func learn(_ samples: Samples, rounds: Int) -> Samples? {
        guard !samples.isZero else {
            exponent -= 1
            return nil
        }
        let (basis, seen) = TrackedBasis.iterated(samples, from: reflector.directions(), memory: self, rounds: rounds)
        self = basis
        return seen
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
        _ samples: Samples, from start: ScaledMatrix, memory: TrackedBasis?, rounds: Int
    ) -> (TrackedBasis, Samples) {
        let (count, size) = (start.matrix.rows, start.matrix.columns)
        let factor = ExactMatrixProduct(samples.matrix), side = samples.side
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
        let inside = projected(directions)
        let seen = ScaledMatrix.sum([(ExactMatrixProduct.gram(inside), 1)] + (past?.seen(from: directions) ?? []))
        let eigen = SymmetricEigen(seen.values, size: count)
        let turn = IntegerMatrix(
            rows: count, columns: count, values: eigen.vectors.map { DeterministicLoops.rounded($0 * 0x1p14) })
        let turned = ExactMatrixProduct(turn, exponent: -14).times(directions, side: .left, transposed: false)
        let last = BlockReflector(orthogonalising: turned.matrix.values, count: count, size: size)

        let exponent = 2 * samples.matrix.exponent
        var total = samples.energy * DeterministicLoops.powerOfTwo(exponent - seen.exponent)
        if let memory {
            total += SideBasis.memory * memory.total * DeterministicLoops.powerOfTwo(memory.exponent - seen.exponent)
        }
        let unit = total > 0 && total.isFinite ? Int(total.exponent) : 0
        let scale = DeterministicLoops.powerOfTwo(-unit)
        let energies = eigen.values.map { min(max($0, 0) * scale, 2) }
        let basis = TrackedBasis(
            reflector: last, directionEnergies: energies, total: min(total * scale, 2), exponent: seen.exponent + unit)
        return (basis, Samples(rows: inside, energy: samples.energy, exponent: exponent))
    }
}

extension TrackedBasis {
    func serialise(into writer: inout ByteWriter) {
        let (count, size) = (reflector.vectors.matrix.rows, reflector.vectors.matrix.columns)
        writer.append(littleEndian: Int64(exponent))
        writer.append(littleEndian: total.bitPattern)
        for energy in directionEnergies { writer.append(littleEndian: energy.bitPattern) }
        // What stands before a reflection's first element is zero, and the first is one.
        for row in 0..<count {
            for column in row + 1..<max(size, row + 1) {
                writer.append(littleEndian: Int16(reflector.vectors.matrix.values[row * size + column]))
            }
        }
    }

    init(from reader: inout ByteReader, size: Int, directions count: Int) throws(CodecError) {
        let exponent = Int(try reader.read(littleEndian: Int64.self))
        // A byte of every element, at the least: half of them are stored, in two bytes each.
        guard abs(exponent / 2) < 1 << 40, (size * count - count * (count + 1) / 2) <= reader.remaining / 2 else {
            throw reader.corrupt("no basis of \(count) in \(size) directions")
        }
        let total = try TrackedBasis.energy(from: &reader)
        var energies = [Double](repeating: 0, count: count)
        for i in energies.indices { energies[i] = try TrackedBasis.energy(from: &reader) }
        var values = [Double](repeating: 0, count: count * size)
        for row in 0..<count {
            values[row * size + row] = 0x1p14
            for column in row + 1..<max(size, row + 1) {
                let value = Double(try reader.read(littleEndian: Int16.self))
                guard value.magnitude <= 0x1p14 else { throw reader.corrupt("no reflection") }
                values[row * size + column] = value
            }
        }
        let vectors = IntegerMatrix(rows: count, columns: size, values: values)
        guard let reflector = BlockReflector(vectors: vectors) else { throw reader.corrupt("no reflections") }
        self.init(reflector: reflector, directionEnergies: energies, total: total, exponent: exponent)
    }

    private static func energy(from reader: inout ByteReader) throws(CodecError) -> Double {
        let value = Double(bitPattern: try reader.read(littleEndian: UInt64.self))
        guard value >= 0, value <= 2 else { throw reader.corrupt("no energy") }
        return value
    }
}
