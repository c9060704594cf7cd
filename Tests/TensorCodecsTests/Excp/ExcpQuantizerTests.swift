import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ExcpQuantizerTests {
    private func sample(_ count: Int, seed: UInt64 = 1, scale: Double = 1e-3) -> SampleTensor {
        var random = SplitMix64(seed: seed)
        return SampleTensor(count, scale: scale, using: &random)
    }

    private func median(_ values: [Float]) -> Double {
        let sorted = values.map(\.magnitude).sorted()
        let n = sorted.count
        return n % 2 == 1 ? Double(sorted[n / 2]) : (Double(sorted[n / 2 - 1]) + Double(sorted[n / 2])) / 2
    }

    @Test(arguments: [1e-4, 1e-3, 1e-2], ExcpSettings.Threshold.allCases)
    func thresholdsAreTheFormulas(alpha: Double, threshold: ExcpSettings.Threshold) throws {
        let sample = sample(4001)
        let tensor = sample.quantized(try ExcpSettings(alpha: alpha, threshold: threshold))
        let middle = median(sample.residual)
        let mean = sample.second.reduce(0.0) { $0 + Double($1) } / 4001
        let limit = 2 * sample.first.reduce(0.0) { $0 + Double($1.magnitude) } / 4001
        for i in 0..<4001 {
            let slope = (threshold == .element ? Double(sample.second[i]) : mean).squareRoot()
            let kept = Double(sample.residual[i].magnitude) > min(2.5, alpha / slope) * middle
            #expect((tensor.weight.indices[i] != 0) == kept)
            let moment = kept && Double(sample.first[i].magnitude) > limit
            #expect((tensor.first?.indices[i] != 0) == moment)
            #expect((tensor.second?.indices[i] != 0) == moment)
        }
    }

    @Test func withoutASecondMomentTheThresholdIsTheMedian() {
        let sample = sample(1000)
        let middle = median(sample.residual)
        let tensor = sample.quantized(.published, second: false)
        #expect(tensor.second == nil)
        for i in 0..<1000 {
            #expect((tensor.weight.indices[i] != 0) == (Double(sample.residual[i].magnitude) > middle))
        }
        let weights = sample.quantized(.published, first: false)
        #expect(weights.first == nil && weights.weight == tensor.weight)
    }

    @Test func aSecondMomentOfZeroMeansTheCap() throws {
        var sample = sample(1000)
        sample.second = [Float](repeating: 0, count: 1000)
        let middle = median(sample.residual)
        for threshold in ExcpSettings.Threshold.allCases {
            let tensor = sample.quantized(try ExcpSettings(threshold: threshold))
            for i in 0..<1000 {
                #expect((tensor.weight.indices[i] != 0) == (Double(sample.residual[i].magnitude) > 2.5 * middle))
            }
        }
    }

    @Test(arguments: 2...8)
    func masksAreNestedAndIndicesInRange(bits: Int) throws {
        let settings = try ExcpSettings(alpha: 5e-4, beta: 1, bits: bits)
        let tensor = sample(6000, seed: UInt64(bits)).quantized(settings)
        let (first, second) = (try #require(tensor.first), try #require(tensor.second))
        for role in [tensor.weight, first, second] {
            #expect(role.codebook.count <= settings.centreCount)
            #expect(zip(role.codebook, role.codebook.dropFirst()).allSatisfy { $0 < $1 })
            #expect(role.indices.allSatisfy { Int($0) <= role.codebook.count })
        }
        for i in 0..<6000 {
            #expect(first.indices[i] == 0 || tensor.weight.indices[i] != 0)
            #expect((first.indices[i] != 0) == (second.indices[i] != 0))
        }
        #expect(tensor.weight.keptCount == tensor.weight.indices.count { $0 != 0 })
    }

    @Test func everyValueGetsItsNearestCentre() throws {
        // Both ways of looking up: few values and many.
        for count in [3000, 120_000] {
            let sample = sample(count, seed: 5)
            let tensor = sample.quantized(try ExcpSettings(alpha: 1e-7, beta: 0))
            for i in stride(from: 0, to: count, by: 7) where tensor.weight.indices[i] != 0 {
                let value = Double(sample.residual[i])
                let chosen = abs(Double(tensor.weight.codebook[Int(tensor.weight.indices[i]) - 1]) - value)
                #expect(tensor.weight.codebook.allSatisfy { abs(Double($0) - value) >= chosen })
            }
        }
    }

    @Test func secondMomentsBelowHalfPrecisionSurvive() throws {
        for scale in [1e-4, 1e-8, 1e-15, 1e-19, 1e-21] {
            let sample = sample(5000, seed: 7, scale: scale)
            let tensor = sample.quantized(try ExcpSettings(alpha: 1e-30, beta: 0.5))
            let second = try #require(tensor.second)
            let restored = second.restored()
            var kept = 0
            for i in 0..<5000 where second.indices[i] != 0 && sample.second[i] > 0 {
                #expect(restored[i] > 0)
                kept += 1
            }
            #expect(kept > 100)
        }
    }

    @Test func zerosAmongSecondMomentsPullNoOtherToZero() throws {
        var sample = sample(5000, seed: 8, scale: 1e-10)
        for i in stride(from: 0, to: 5000, by: 3) { sample.second[i] = 0 }
        let tensor = sample.quantized(try ExcpSettings(alpha: 1e-20, beta: 0))
        let restored = try #require(tensor.second).restored()
        for i in 0..<5000 where tensor.second?.indices[i] != 0 && sample.second[i] > 0 { #expect(restored[i] > 0) }
    }

    @Test(arguments: 2...8)
    func asFewValuesAsCentresAreKeptExactly(bits: Int) throws {
        let settings = try ExcpSettings(alpha: 1e-20, beta: 0, bits: bits)
        let sample = sample(settings.centreCount, seed: UInt64(bits))
        let tensor = sample.quantized(settings)
        #expect(tensor.weight.restored() == sample.residual)
        #expect(tensor.first?.restored() == sample.first)
        #expect(tensor.second?.restored() == sample.second)
    }

    @Test func emptyAndConstantTensorsAreFine() {
        for values in [[], [0], [Float](repeating: 0, count: 100), [Float](repeating: 3, count: 100)] as [[Float]] {
            let sample = sample(values.count)
            var copy = sample
            copy.residual = values
            let tensor = copy.quantized(.published)
            #expect(tensor.count == values.count)
            #expect(tensor.weight.restored().allSatisfy { $0 == 0 || $0 == 3 })
        }
    }

    @Test func whatIsNotFiniteDoesNotTrap() {
        var random = SplitMix64(seed: 11)
        for bad in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            for count in [30, 6000] {
                var sample = sample(count)
                for _ in 0..<count / 5 {
                    sample.residual[Int(random.next() % UInt64(count))] = bad
                    sample.first[Int(random.next() % UInt64(count))] = bad
                    sample.second[Int(random.next() % UInt64(count))] = bad
                }
                #expect(sample.quantized(.published).count == count)
            }
        }
    }

    @Test func settingsOutOfRangeAreRefused() {
        for (alpha, beta, bits) in [
            (0, 2, 4), (-1, 2, 4), (.nan, 2, 4), (.infinity, 2, 4), (1, -1, 4), (1, .nan, 4), (1, 2, 1), (1, 2, 9),
        ] as [(Double, Double, Int)] {
            #expect(throws: CodecError.self) { try ExcpSettings(alpha: alpha, beta: beta, bits: bits) }
        }
    }
}
