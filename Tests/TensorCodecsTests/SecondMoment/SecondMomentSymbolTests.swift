import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct SecondMomentSymbolTests {
    @Test func symbolsBringExponentsBack() throws {
        var random = SplitMix64(seed: 1)
        for (rows, columns) in [(0, 0), (1, 1), (0, 4), (5, 1), (1, 7), (40, 30)] {
            var previous: RankOneExponents?
            for _ in 0..<20 {
                let exponents = sample(rows, columns, absent: random.uniform(), &random)
                for reference in [nil, previous] {
                    let symbols = exponents.encode(previous: reference)
                    #expect(symbols.count == RankOneExponents.symbolCount(rows: rows, columns: columns))
                    #expect(symbols.allSatisfy { $0 >= 0 })
                    let decoded = try RankOneExponents.decode(
                        symbols, rows: rows, columns: columns, previous: reference)
                    #expect(decoded == exponents)
                }
                previous = exponents
            }
        }
    }

    @Test func whatStaysCostsZeros() {
        let absent = [Int32](repeating: RankOneExponents.absent, count: 1000)
        let exponents = RankOneExponents(rows: [-80] + absent + [-80] + absent, columns: [-3, -3, -3])
        #expect(exponents.encode(previous: exponents).allSatisfy { $0 == 0 })
        // Without a step before: two shifts, and one symbol per change between absent and present.
        #expect(exponents.encode(previous: nil).count { $0 != 0 } == 5)
        var moved = exponents
        moved.rows = moved.rows.map { $0 == RankOneExponents.absent ? $0 : $0 - 7 }
        #expect(moved.encode(previous: exponents).count { $0 != 0 } == 1)
    }

    @Test func exponentsOfOtherDimensionsCountAsNone() throws {
        let exponents = RankOneExponents(rows: [1, 2, 3], columns: [4])
        let other = RankOneExponents(rows: [1, 2], columns: [4, 5])
        let symbols = exponents.encode(previous: other)
        #expect(symbols == exponents.encode(previous: nil))
        #expect(try RankOneExponents.decode(symbols, rows: 3, columns: 1, previous: other) == exponents)
    }

    @Test func arbitrarySymbolsNeverTrap() {
        var random = SplitMix64(seed: 2)
        let edges: [Int32] = [.min, .max, .min + 1, .max - 1, -1, 0, 1, 2, 3999, 4000, 4001, 4002, 8001, 1 << 30]
        for round in 0..<20_000 {
            let (rows, columns) = (Int(random.next() % 6), Int(random.next() % 4))
            let count = round % 10 == 0 ? Int(random.next() % 12) : rows + columns + 2
            let symbols = (0..<count).map { _ in
                switch random.next() % 4 {
                case 0: Int32(truncatingIfNeeded: random.next())
                case 1: edges[Int(random.next() % UInt64(edges.count))]
                default: Int32(random.next() % 5)
                }
            }
            let previous = round % 2 == 0 ? nil : sample(rows, columns, absent: 0.3, &random)
            let decoded = try? RankOneExponents.decode(symbols, rows: rows, columns: columns, previous: previous)
            guard let decoded else { continue }
            #expect(decoded.rows.count == rows && decoded.columns.count == columns)
            #expect(
                (decoded.rows + decoded.columns).allSatisfy {
                    $0 == RankOneExponents.absent || RankOneExponents.range.contains($0)
                })
        }
    }

    @Test(arguments: [
        [0, 0, 0], [0, 0, 0, 0, 0], [-1, 0, 0, 0], [0, 0, -1, 0], [0, 0, 4003, 0], [4002, 0, 0, 0],
        [.max, .max, .max, .max],
    ])
    func symbolsOutOfRangeAreCorrupt(symbols: [Int32]) {
        let error = #expect(throws: CodecError.self) {
            try RankOneExponents.decode(symbols, rows: 1, columns: 1, previous: nil)
        }
        #expect(error?.kind == .corrupt)
    }

    @Test func dimensionsThatCannotBeAreCorrupt() {
        for (rows, columns) in [(-1, 1), (1, -1), (Int.max, 1), (1, Int.max), (Int.max, Int.max), (Int.min, 0)] {
            #expect(throws: CodecError.self) {
                try RankOneExponents.decode([0, 0], rows: rows, columns: columns, previous: nil)
            }
        }
    }

    // MARK: Hysteresis

    @Test(arguments: [ExponentMoves.fine, .coarse])
    func levelsHoldOverAHundredDriftingSteps(moves: ExponentMoves) throws {
        var random = SplitMix64(seed: 3)
        for (rows, columns) in [(60, 1), (48, 20), (20, 48), (1, 30)] {
            let base = (0..<rows * columns).map { _ in -20 + random.normal() }
            var previous: RankOneExponents?
            for step in 0..<100 {
                // All together, a tenth of a quarter octave a step: every exponent is tempted to lag behind.
                let values = base.map { SecondMomentSamples.power($0 - 0.025 * Double(step)) }
                let exponents = try #require(
                    SecondMomentSamples.fit(values, rows, columns, previous: previous, moves: moves))
                let restored = SecondMomentSamples.restore(exponents)
                let (now, then) = (restored.reduce(0, +), values.reduce(0, +))
                #expect(SecondMomentSamples.octaves(now, then) < 0.126)
                previous = exponents
            }
        }
    }

    @Test func smallMovesMoveNothing() throws {
        var random = SplitMix64(seed: 4)
        let base = (0..<64 * 32).map { _ in -20 + random.normal() }
        let before = try #require(SecondMomentSamples.fit(base.map(SecondMomentSamples.power), 64, 32))
        for shift in [0.003, -0.003] {
            let values = base.map { SecondMomentSamples.power($0 + shift) }
            #expect(SecondMomentSamples.fit(values, 64, 32, previous: before) == before)
        }
    }

    @Test func rowsAppearAndVanish() throws {
        var values = [Float](repeating: 1e-6, count: 20 * 4)
        for i in 0..<40 { values[i] = 0 }
        let before = try #require(SecondMomentSamples.fit(values, 20, 4))
        #expect(before.rows[..<10].allSatisfy { $0 == RankOneExponents.absent })
        for i in 0..<8 { values[i] = 1e-6 }
        for i in 60..<80 { values[i] = 0 }
        let after = try #require(SecondMomentSamples.fit(values, 20, 4, previous: before))
        let symbols = after.encode(previous: before)
        #expect(try RankOneExponents.decode(symbols, rows: 20, columns: 4, previous: before) == after)
        for (value, restored) in zip(values, SecondMomentSamples.restore(after)) {
            #expect((value == 0) == (restored == 0))
        }
    }

    private func sample(
        _ rows: Int, _ columns: Int, absent: Double, _ random: inout SplitMix64
    ) -> RankOneExponents {
        func side(_ count: Int) -> [Int32] {
            (0..<count).map { _ in
                if random.uniform() < absent { return RankOneExponents.absent }
                return random.uniform() < 0.1
                    ? Int32(random.next() % 4001) - 2000 : Int32(random.next() % 20) - 80
            }
        }
        return RankOneExponents(rows: side(rows), columns: side(columns))
    }
}
