import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct SideBasisTests {
    /// Few strong directions under noise, about 2^20 at the largest.
    static func sample(_ rows: Int, _ columns: Int, seed: UInt64) -> IntegerMatrix {
        var shape = SplitMix64(seed: 3), random = SplitMix64(seed: seed)
        let rank = max(2, min(rows, columns) / 12)
        let left = (0..<rows * rank).map { _ in shape.uniform() - 0.5 }
        let right = (0..<rank * columns).map { _ in shape.uniform() - 0.5 }
        var values = (0..<rows * columns).map { _ in random.uniform() - 0.5 }
        for k in 0..<rank {
            let weight = (4 + random.uniform()) / Double(k + 1)
            for i in 0..<rows {
                let factor = left[i * rank + k] * weight
                for j in 0..<columns { values[i * columns + j] += factor * right[k * columns + j] }
            }
        }
        for i in values.indices { values[i] = (values[i] * 0x1p19).rounded() }
        return IntegerMatrix(rows: rows, columns: columns, values: values)
    }

    static func energy(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }

    /// Energy of every row (left) or column (right).
    static func energies(_ x: IntegerMatrix, _ side: Side) -> [Double] {
        var result = [Double](repeating: 0, count: side == .left ? x.rows : x.columns)
        for i in 0..<x.rows {
            for j in 0..<x.columns {
                let value = x.values[i * x.columns + j]
                result[side == .left ? i : j] += value * value
            }
        }
        return result
    }

    struct Case: CustomTestStringConvertible {
        var size: Int
        var other: Int
        var side: Side
        var testDescription: String { "\(size) x \(other) \(side)" }
    }

    static let cases = [(16, 40), (24, 7), (61, 90), (128, 64), (260, 50), (300, 120)].flatMap { size, other in
        [Side.left, .right].map { Case(size: size, other: other, side: $0) }
    }

    @Test(arguments: cases) func rotatesAndRestores(_ test: Case) throws {
        let (size, other, side) = (test.size, test.other, test.side)
        func next(_ seed: UInt64) -> IntegerMatrix {
            side == .left ? Self.sample(size, other, seed: seed) : Self.sample(other, size, seed: seed)
        }
        var basis = SideBasis(size: size, kind: SideBasis.kind(forSide: size), side: side)
        let x = next(9)
        #expect(!basis.isOpen)
        #expect(try basis.rotate(x) == x && basis.restore(x) == x)
        for seed in 1..<4 as Range<UInt64> { try basis.learn(next(seed), exponent: -10) }
        #expect(basis.isOpen)

        let y = try basis.rotate(x), z = try basis.restore(y)
        let difference = zip(x.values, z.values).map { $0 - $1 }
        #expect(Self.energy(difference).squareRoot() < 1e-3 * Self.energy(x.values).squareRoot())
        #expect(abs(Self.energy(y.values) / Self.energy(x.values) - 1) < 1e-3)
        // Back and forth as well: B is orthogonal from both sides.
        let back = try basis.rotate(basis.restore(x))
        #expect(Self.energy(zip(x.values, back.values).map { $0 - $1 }) < 1e-6 * Self.energy(x.values))

        // Much in few directions, the strongest in front, and about what was said before.
        let found = Self.energies(y, side)
        let leading = found.prefix(max(2, size / 8)).reduce(0, +)
        #expect(leading > 0.3 * Self.energy(x.values))
        let predicted = basis.energies
        #expect(predicted.count == size && predicted == predicted.sorted(by: >))
        #expect(predicted[0] <= basis.totalEnergy)
        #expect(predicted.last! >= predicted[0] - HalfOctaves.range)
        // Three samples decayed make 1.75 of the last; values stand for 2^-10.
        let expected = HalfOctaves.of(found[0] * 1.75, exponent: -20)
        #expect(abs(predicted[0] - expected) <= 1)
        let total = HalfOctaves.of(Self.energy(x.values) * 1.75, exponent: -20)
        #expect(abs(basis.totalEnergy - total) <= 1)
    }

    @Test(arguments: [16, 40, 100]) func fullBasisDiagonalises(_ size: Int) throws {
        let x = Self.sample(size, 2 * size, seed: 5)
        var basis = SideBasis(size: size, kind: .full, side: .left)
        try basis.learn(x, exponent: 0)
        let y = try basis.rotate(x)
        var (beside, total) = (0.0, 0.0)
        for i in 0..<size {
            for j in 0..<size {
                var product = 0.0
                for k in 0..<y.columns { product += y.values[i * y.columns + k] * y.values[j * y.columns + k] }
                total += product * product
                if i != j { beside += product * product }
            }
        }
        #expect(beside < 1e-4 * total)
        let found = Self.energies(y, .left)
        for (energy, predicted) in zip(found, basis.energies) {
            #expect(abs(HalfOctaves.of(energy, exponent: 0) - predicted) <= 1)
        }
    }

    /// What was learned in other units counts the same.
    @Test(arguments: [40, 300]) func unitsAreAligned(_ size: Int) throws {
        let first = Self.sample(size, 30, seed: 1), second = Self.sample(size, 30, seed: 2)
        let scaled = IntegerMatrix(rows: size, columns: 30, values: second.values.map { $0 * 64 })
        var a = SideBasis(size: size, kind: SideBasis.kind(forSide: size), side: .left), b = a
        try a.learn(first, exponent: -4)
        try b.learn(first, exponent: -4)
        try a.learn(second, exponent: -3)
        try b.learn(scaled, exponent: -9)
        #expect(a.energies == b.energies && a.totalEnergy == b.totalEnergy)
    }

    @Test func kindsByLength() {
        #expect(SideBasis.kind(forSide: 0) == .identity)
        #expect(SideBasis.kind(forSide: 15) == .identity)
        #expect(SideBasis.kind(forSide: 16) == .full)
        #expect(SideBasis.kind(forSide: 256) == .full)
        #expect(SideBasis.kind(forSide: 257) == .tracked(directions: 64))
        #expect(SideBasis.kind(forSide: 1024) == .tracked(directions: 128))
        #expect(SideBasis.kind(forSide: 8192) == .tracked(directions: 256))
        #expect(SideBasis.kind(forSide: 8193) == .identity)
    }
}
