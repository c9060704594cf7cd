import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct SecondMomentTests {
    // MARK: Values

    @Test func valuesArePowersOfTwoAtWholeOctaves() {
        #expect(RankOneExponents.value(0) == 1)
        #expect(RankOneExponents.value(4) == 2)
        #expect(RankOneExponents.value(-108) == Float(sign: .plus, exponent: -27, significand: 1))
        #expect(RankOneExponents.value(-596) == .leastNonzeroMagnitude)
        #expect(RankOneExponents.value(-504) == .leastNormalMagnitude)
        #expect(RankOneExponents.value(RankOneExponents.absent) == 0)
    }

    @Test func quarterOctavesAreRightToTheLastPlace() {
        let roots = [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429]
        for exponent in Int32(-596)...511 {
            let exact = Double(sign: .plus, exponent: Int(exponent >> 2), significand: roots[Int(exponent & 3)])
            let value = RankOneExponents.value(exponent)
            #expect(abs(Double(value) - exact) <= 0.75 * Double(value.ulp))
        }
    }

    @Test(arguments: [Int32.min + 1, -100_000, -4000, -597])
    func valuesBelowFloatClampToTheSmallestDenormal(exponent: Int32) {
        #expect(RankOneExponents.value(exponent) == .leastNonzeroMagnitude)
    }

    @Test(arguments: [512, 513, 4000, Int32.max])
    func valuesAboveFloatClampToTheLargestFiniteOne(exponent: Int32) {
        #expect(RankOneExponents.value(exponent) == .greatestFiniteMagnitude)
    }

    // MARK: Fit

    @Test(arguments: [Float.nan, .infinity, -.infinity, -1, -.leastNonzeroMagnitude])
    func valuesThatAreNoSecondMomentAreRefused(value: Float) {
        for position in [0, 5, 11] {
            var values = [Float](repeating: 0.5, count: 12)
            values[position] = value
            #expect(fit(values, 3, 4) == nil)
            #expect(fit(values, 12, 1) == nil)
        }
        #expect(fit([.infinity, -.infinity, 1], 3, 1) == nil)
    }

    @Test func zerosStayZeroAndNothingElseBecomesZero() throws {
        let values: [Float] = [0, 0, 0, 0, 1e-9, 4e-9, 0, 3e-9, 0]
        let exponents = try #require(fit(values, 3, 3))
        let restored = restore(exponents)
        #expect(restored[..<3] == [0, 0, 0] && [restored[3], restored[6]] == [0, 0])
        #expect(zip(values, restored).allSatisfy { $0 == 0 || $1 > 0 })
        let zero = try #require(fit([Float](repeating: 0, count: 6), 2, 3))
        #expect(zero.isZero && zero.meanExponent == 0)
        #expect(restore(zero) == [Float](repeating: 0, count: 6))
        #expect(fit([-0.0, 0], 2, 1)?.isZero == true)
    }

    @Test func emptyTensorsHaveNoExponents() throws {
        #expect(fit([], 0, 3)?.rows.isEmpty == true)
        #expect(fit([], 3, 0)?.isZero == true)
        #expect(restore(try #require(fit([], 0, 1))).isEmpty)
    }

    @Test func scalarsAndVectorsAreExactToAnEighthOfAnOctave() throws {
        var random = SplitMix64(seed: 1)
        let values = (0..<500).map { _ in power(-140 + 260 * random.uniform()) }
        let exponents = try #require(fit(values, 500, 1))
        #expect(exponents.columns == [0])
        for (value, restored) in zip(values, restore(exponents)) { #expect(octaves(value, restored) < 0.12501) }
        #expect(try #require(fit([0.25], 1, 1)).rows == [-8])
    }

    @Test func extremesOfFloatSurvive() throws {
        let values: [Float] = [.leastNonzeroMagnitude, .leastNormalMagnitude, 1, .greatestFiniteMagnitude]
        let vector = restore(try #require(fit(values, 4, 1)))
        #expect(vector[..<3] == values[..<3])
        #expect(octaves(values[3], vector[3]) < 0.3)
        for (rows, columns) in [(2, 2), (1, 4)] {
            let exponents = try #require(fit(values, rows, columns))
            #expect((exponents.rows + exponents.columns).allSatisfy { RankOneExponents.range.contains($0) })
            #expect(restore(exponents).allSatisfy { $0 > 0 && $0.isFinite })
        }
        let huge = [Float](repeating: .greatestFiniteMagnitude, count: 64)
        #expect(restore(try #require(fit(huge, 8, 8))).allSatisfy { octaves($0, huge[0]) < 0.3 })
        let tiny = [Float](repeating: .leastNonzeroMagnitude, count: 64)
        #expect(restore(try #require(fit(tiny, 8, 8))) == tiny)
    }

    @Test func neverZeroWhereTheFirstMomentIsNot() throws {
        var random = SplitMix64(seed: 2)
        for (rows, columns) in [(1, 1), (9, 1), (1, 9), (8, 6), (30, 17)] {
            for _ in 0..<20 {
                var values = [Float](repeating: 0, count: rows * columns)
                var first = values
                for i in values.indices {
                    if random.uniform() < 0.05 { values[i] = power(-149 + 200 * random.uniform()) }
                    if random.uniform() < 0.05 { first[i] = -power(-149 + 150 * random.uniform()) }
                }
                let restored = restore(try #require(fit(values, rows, columns, first: first)))
                for i in values.indices where first[i] != 0 || values[i] != 0 { #expect(restored[i] > 0) }
                let bare = restore(try #require(fit(values, rows, columns)))
                for i in values.indices where values[i] != 0 { #expect(bare[i] > 0) }
            }
        }
    }

    /// An eighth of an octave each for the row's rounding, for the column's, and for the mean error of the rows, which
    /// the columns make up for.
    @Test func rankOneMatricesComeBackWithinTheirRoundings() throws {
        var random = SplitMix64(seed: 3)
        for (rows, columns) in [(1, 50), (40, 2), (33, 65), (128, 64)] {
            let (rowLogs, columnLogs) = (logs(rows, -20, &random), logs(columns, 0, &random))
            let exponents = try #require(fit(outer(rowLogs, columnLogs), rows, columns))
            let errors = zip(outer(rowLogs, columnLogs), restore(exponents)).map { octaves($0, $1) }
            #expect(errors.max()! < 0.3751)
            #expect((errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot() < 0.13)
        }
    }

    @Test func rankOneMatricesOnTheGridComeBackExactly() throws {
        var random = SplitMix64(seed: 4)
        let exact = RankOneExponents(
            rows: (0..<70).map { _ in Int32(random.next() % 41) - 100 },
            columns: (0..<31).map { _ in Int32(random.next() % 41) - 20 })
        let exponents = try #require(fit(restore(exact), 70, 31))
        #expect(zip(restore(exact), restore(exponents)).allSatisfy { octaves($0, $1) < 0.12501 })
        // The level is free on a quarter octave; a second fit changes nothing.
        #expect(fit(restore(exponents), 70, 31, previous: exponents) == exponents)
    }

    @Test func scalingByPowersOfTwoShiftsExponentsExactly() throws {
        var random = SplitMix64(seed: 5)
        for (rows, columns) in [(40, 1), (24, 56), (56, 24)] {
            let values = (0..<rows * columns).map { _ in power(-20 + 6 * random.normal()) }
            let plain = try #require(fit(values, rows, columns))
            let scaled = try #require(
                fit(values.map { $0 * Float(sign: .plus, exponent: -27, significand: 1) }, rows, columns))
            #expect(scaled.rows == plain.rows.map { $0 - 108 } && scaled.columns == plain.columns)
            #expect(scaled.meanExponent == plain.meanExponent - 108)
        }
    }

    // MARK: Residual

    @Test(arguments: [Int32(1), 2, 3, 4, 6, 64])
    func residualsBringEveryValueWithinTheDeadZone(step: Int32) throws {
        var random = SplitMix64(seed: 6)
        let values = (0..<40 * 30).map { _ in power(-25 + random.normal()) }
        let exponents = try #require(fit(values, 40, 30))
        let residual = values.withUnsafeBufferPointer { exponents.residual($0, stepSize: step) }
        #expect(residual.allSatisfy { abs($0) <= RankOneExponents.residualLimit })
        let restored = restore(exponents, residual, step)
        for i in values.indices where abs(residual[i]) < RankOneExponents.residualLimit {
            // 34/64 of a step; the pull moves others by a quarter octave.
            let pull = step < 4 || residual[i] == 0 ? 0 : 0.25
            #expect(octaves(values[i], restored[i]) <= Double(step) / 4 * 34 / 64 + pull + 0.003)
        }
        #expect(restore(exponents, residual.map { _ in 0 }, step) == restore(exponents))
    }

    @Test func residualsOfZerosAreTheLowestAndAbsentRowsStayZero() throws {
        let values: [Float] = [0, 0, 0, 1, 0, 0x1p-25]
        let exponents = try #require(fit(values, 2, 3))
        let residual = values.withUnsafeBufferPointer { exponents.residual($0, stepSize: 4) }
        #expect(residual[..<3] == [0, 0, 0] && residual[4] == 0)
        let full = RankOneExponents(rows: [0, 0], columns: [0, 0, 0])
        #expect(values.withUnsafeBufferPointer { full.residual($0, stepSize: 4) } == [-31, -31, -31, 0, -31, -25])
        let hostile: [Int32] = [.min, .max, 0, .max, .min, 31]
        let restored = restore(exponents, hostile, 64)
        #expect(restored[..<3] == [0, 0, 0] && restored[4] == 0 && restored.allSatisfy { $0.isFinite })
    }
}

// MARK: Help

extension SecondMomentTests {
    private func fit(
        _ values: [Float], _ rows: Int, _ columns: Int, first: [Float]? = nil, previous: RankOneExponents? = nil
    ) -> RankOneExponents? { SecondMomentSamples.fit(values, rows, columns, first: first, previous: previous) }

    private func restore(_ exponents: RankOneExponents) -> [Float] { SecondMomentSamples.restore(exponents) }

    private func restore(_ exponents: RankOneExponents, _ residual: [Int32], _ step: Int32) -> [Float] {
        var output = [Float](repeating: .nan, count: residual.count)
        output.withUnsafeMutableBufferPointer { output in
            residual.withUnsafeBufferPointer { exponents.restore(residual: $0, stepSize: step, into: output) }
        }
        return output
    }

    private func power(_ octaves: Double) -> Float { SecondMomentSamples.power(octaves) }

    private func octaves(_ left: Float, _ right: Float) -> Double { SecondMomentSamples.octaves(left, right) }

    private func logs(_ count: Int, _ middle: Double, _ random: inout SplitMix64) -> [Double] {
        (0..<count).map { _ in middle + 2 * random.normal() }
    }

    private func outer(_ rows: [Double], _ columns: [Double]) -> [Float] {
        rows.flatMap { row in columns.map { power(row + $0) } }
    }
}
