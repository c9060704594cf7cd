import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Matrices and stored states nobody should hand to a basis.
@Suite struct SideBasisHostileTests {
    enum Content: CaseIterable { case zeros, spike, huge, ones, line, signs }

    private func matrix(_ content: Content, _ rows: Int, _ columns: Int) -> IntegerMatrix {
        var random = SplitMix64(seed: 77)
        var values = [Double](repeating: 0, count: rows * columns)
        for i in values.indices {
            switch content {
            case .zeros, .spike: break
            case .huge: values[i] = ((random.uniform() - 0.5) * 0x1p50).rounded()
            case .ones: values[i] = 1
            case .line: values[i] = i / columns == 3 ? 0x1p40 : 0
            case .signs: values[i] = random.next() % 2 == 0 ? 1 : -1
            }
        }
        if content == .spike { values[values.count / 2] = -0x1p49 }
        return IntegerMatrix(rows: rows, columns: columns, values: values)
    }

    static let kinds: [(Int, SideBasis.Kind)] = [
        (1, .full), (2, .full), (3, .tracked(directions: 3)), (1, .tracked(directions: 9)), (40, .full),
        (40, .tracked(directions: 5)), (40, .tracked(directions: 40)), (40, .tracked(directions: -3)),
        (40, .identity),
    ]

    @Test(arguments: kinds, [Side.left, .right]) func anyIntegers(_ kind: (Int, SideBasis.Kind), _ side: Side) throws {
        let size = kind.0
        func next(_ content: Content, _ other: Int) -> IntegerMatrix {
            side == .left ? matrix(content, size, other) : matrix(content, other, size)
        }
        for first in Content.allCases {
            for second in Content.allCases {
                for (other, exponents) in [(1, (-1074, 900)), (9, (65536, -65536)), (50, (0, 0)), (0, (0, 0))] {
                    if other == 0, first == .spike || second == .spike { continue }
                    var basis = SideBasis(size: size, kind: kind.1, side: side)
                    try basis.learn(next(first, other), exponent: exponents.0)
                    try basis.learn(next(second, other), exponent: exponents.1)
                    let x = next(second, other)
                    // Large values lose what does not fit; nothing is lost beyond.
                    let y = try basis.rotate(x)
                    let limited = IntegerMatrix(
                        rows: y.rows, columns: y.columns, values: y.values.map { ($0 * 0x1p-10).rounded() })
                    let z = try basis.restore(limited)
                    let difference = zip(x.values, z.values).map { $0 * 0x1p-10 - $1 }
                    let error = SideBasisTests.energy(difference), energy = SideBasisTests.energy(x.values) * 0x1p-20
                    #expect(error <= 1e-6 * energy + 4 * Double(x.values.count))
                    #expect(basis.energies.count == size && basis.energies.allSatisfy { $0 >= basis.energies[0] - 60 })
                    #expect(abs(Int(basis.totalEnergy)) < 1 << 20)
                }
            }
        }
    }

    @Test func zerosOpenNothingAndOnlyDecay() throws {
        for kind in [SideBasis.Kind.full, .tracked(directions: 4)] {
            var basis = SideBasis(size: 20, kind: kind, side: .left)
            try basis.learn(matrix(.zeros, 20, 5), exponent: 0)
            #expect(!basis.isOpen)
            try basis.learn(matrix(.signs, 20, 5), exponent: 0)
            let before = basis
            try basis.learn(matrix(.zeros, 20, 5), exponent: 0)
            #expect(basis.energies == before.energies.map { $0 - 2 })
            #expect(basis.totalEnergy == before.totalEnergy - 2)
            #expect(try basis.rotate(matrix(.signs, 20, 5)) == before.rotate(matrix(.signs, 20, 5)))
        }
    }

    @Test func refusesWhatIsNoIntegerOrDoesNotFit() throws {
        for bad in [0.5, .nan, .infinity, -.infinity, 0x1p50, -0x1p60, Double.leastNonzeroMagnitude] {
            var values = matrix(.ones, 20, 4).values
            values[33] = bad
            let x = IntegerMatrix(rows: 20, columns: 4, values: values)
            for kind in [SideBasis.Kind.full, .tracked(directions: 4)] {
                var basis = SideBasis(size: 20, kind: kind, side: .left)
                #expect(throws: CodecError.self) { try basis.learn(x, exponent: 0) }
                #expect(!basis.isOpen)
                try basis.learn(matrix(.signs, 20, 4), exponent: 0)
                #expect(throws: CodecError.self) { try basis.rotate(x) }
                #expect(throws: CodecError.self) { try basis.restore(x) }
                #expect(throws: CodecError.self) { try basis.learn(matrix(.signs, 21, 4), exponent: 0) }
                #expect(throws: CodecError.self) { try basis.learn(matrix(.signs, 20, 4), exponent: 1 << 40) }
                #expect(throws: CodecError.self) { try basis.learn(matrix(.signs, 20, 4), exponent: .min) }
                #expect(throws: CodecError.self) { try basis.rotate(matrix(.signs, 4, 20)) }
            }
        }
    }

    private func stored(_ basis: SideBasis) -> [UInt8] {
        var writer = ByteWriter()
        basis.serialise(into: &writer)
        return writer.bytes
    }

    private func open(_ size: Int, _ kind: SideBasis.Kind, _ side: Side) throws -> SideBasis {
        var basis = SideBasis(size: size, kind: kind, side: side)
        for content in [Content.signs, .huge, .signs] {
            let x = side == .left ? matrix(content, size, 33) : matrix(content, 33, size)
            try basis.learn(x, exponent: content == .huge ? -60 : -3)
        }
        return basis
    }

    @Test(arguments: kinds, [Side.left, .right]) func storedStateGoesOnAlike(
        _ kind: (Int, SideBasis.Kind), _ side: Side
    )
        throws
    {
        for basis in [SideBasis(size: kind.0, kind: kind.1, side: side), try open(kind.0, kind.1, side)] {
            let bytes = stored(basis)
            var reader = ByteReader(bytes)
            var again = try SideBasis(from: &reader)
            try reader.expectEnd()
            #expect(stored(again) == bytes)
            #expect(again.size == basis.size && again.kind == basis.kind && again.side == basis.side)
            #expect(again.energies == basis.energies && again.totalEnergy == basis.totalEnergy)
            var other = basis
            let x = side == .left ? matrix(.huge, kind.0, 12) : matrix(.huge, 12, kind.0)
            #expect(try again.rotate(x) == other.rotate(x))
            #expect(try again.restore(x) == other.restore(x))
            try again.learn(x, exponent: -40)
            try other.learn(x, exponent: -40)
            #expect(stored(again) == stored(other))
        }
    }

    @Test func damagedStateNeverTraps() throws {
        var random = SplitMix64(seed: 4)
        var seeds: [[UInt8]] = []
        for (size, kind) in Self.kinds { seeds.append(stored(try open(size, kind, .left))) }
        for round in 0..<1500 {
            var bytes = seeds[round % seeds.count]
            switch round / seeds.count % 3 {
            case 0:
                for _ in 0..<1 + round % 4 {
                    bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                }
            case 1: bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count))))
            default: bytes = Array(bytes.prefix(4)) + random.bytes(bytes.count)
            }
            var reader = ByteReader(bytes)
            guard var basis = try? SideBasis(from: &reader), basis.size < 1000 else { continue }
            let x = basis.side == .left ? matrix(.huge, basis.size, 3) : matrix(.huge, 3, basis.size)
            _ = try basis.rotate(x)
            try basis.learn(x, exponent: 0)
            try basis.learn(x, exponent: 5)
            _ = (basis.energies, basis.totalEnergy, stored(basis))
        }
    }
}
