import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct RansCoderTests {
    @Test(arguments: SampleLevels.Shape.allCases)
    func levelsOfAnyShapeReadBack(shape: SampleLevels.Shape) throws {
        var random = SplitMix64(seed: 11)
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100, 1000, 5001, 20_000] {
            let sample = SampleLevels(shape, count, using: &random)
            let packed = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [count])
            #expect(try RansCoder.decode(packed.bytes, classes: sample.classes) == sample.levels, "\(count)")
            #expect(packed.shares == [packed.bytes.count])
        }
    }

    @Test func theSameLevelsGiveTheSameBytes() throws {
        var random = SplitMix64(seed: 12)
        let sample = SampleLevels(.mixed, 30_000, using: &random)
        let first = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [30_000])
        let second = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [10_000, 0, 20_000])
        #expect(first.bytes == second.bytes)
    }

    /// Against the entropy within 24 classes from .03 to 2.5 bits, at about 4, 20 and 200 KB.
    @Test(arguments: [(55_000, 1, 0.025), (270_000, 1, 0.007), (270_000, 10, 0.002)])
    func deltaStepsComeCloseToTheEntropy(count: Int, times: Int, bound: Double) throws {
        var random = SplitMix64(seed: 13)
        try expectOverhead(below: bound, SampleLevels(.mixed, count, using: &random), times: times)
    }

    /// One class: with many, a sample of some hundred wide levels has far less entropy than what it is drawn from.
    @Test(arguments: [8.0, 20, 40], [(times: 1, bound: 0.008), (times: 10, bound: 0.003)])
    func keyframesComeCloseToTheEntropy(deviation: Double, size: (times: Int, bound: Double)) throws {
        var random = SplitMix64(seed: 14)
        var sample = SampleLevels(.zero, 0, using: &random)
        sample.levels = (0..<27_000).map { _ in SampleLevels.wide(deviation, using: &random) }
        sample.classes = [UInt8](repeating: 5, count: 27_000)
        try expectOverhead(below: size.bound, sample, times: size.times)
    }

    /// - Parameter times: how often the sample is packed in one stream; what the coder makes of it is what it would make
    ///   of so many samples of their own.
    private func expectOverhead(below bound: Double, _ sample: SampleLevels, times: Int) throws {
        let entropy = RansCoder.entropy(sample.levels, classes: sample.classes) / 8 * Double(times)
        var (levels, classes): ([Int32], [UInt8]) = ([], [])
        for _ in 0..<times {
            levels += sample.levels
            classes += sample.classes
        }
        let packed = try RansCoder.encode(levels, classes: classes, segments: [levels.count])
        #expect(
            Double(packed.bytes.count) < entropy * (1 + bound), "\(packed.bytes.count) for \(entropy)")
        #expect(try RansCoder.decode(packed.bytes, classes: classes) == levels)
    }

    @Test func theEntropyIsThatWithinClasses() {
        #expect(RansCoder.entropy([], classes: []) == 0)
        #expect(RansCoder.entropy([7, 7, 7], classes: [0, 0, 0]) == 0)
        #expect(RansCoder.entropy([1, -1, 5, 5], classes: [0, 0, 1, 1]) == 2)
        #expect(RansCoder.entropy([0, 1, 2, 3], classes: [9, 9, 9, 9]) == 8)
    }

    @Test func sharesAddUpAndFollowTheContent() throws {
        var random = SplitMix64(seed: 15)
        let dense = SampleLevels(.noise, 4000, using: &random)
        let levels = [Int32](repeating: 0, count: 4000) + dense.levels + [0, 0, 0, 1_000_000]
        let classes = [UInt8](repeating: 1, count: 4000) + dense.classes + [1, 1, 1, 1]
        let packed = try RansCoder.encode(levels, classes: classes, segments: [4000, 0, 4000, 4])
        #expect(packed.shares.reduce(0, +) == packed.bytes.count)
        #expect(packed.shares[0] * 5 < packed.shares[2])
        #expect(packed.shares[1] == 0)
        #expect((2...12).contains(packed.shares[3]))
    }

    @Test func argumentsThatDoNotFitAreRefused() throws {
        func kind(_ levels: [Int32], _ classes: [UInt8], _ segments: [Int]) -> CodecError.Kind? {
            #expect(throws: CodecError.self) {
                try RansCoder.encode(levels, classes: classes, segments: segments)
            }?.kind
        }
        #expect(kind([1, 2], [0], [2]) == .invalidArgument)
        #expect(kind([1, 2], [0, 64], [2]) == .invalidArgument)
        #expect(kind([1, 2], [0, 0], [1]) == .invalidArgument)
        #expect(kind([1, 2], [0, 0], [3, -1]) == .invalidArgument)
        #expect(kind([1, 2], [0, 0], [1, .max]) == .invalidArgument)
        #expect(kind([1, 2], [0, 0], []) == .invalidArgument)
        #expect(kind([.min], [0], [1]) == .invalidArgument)
        #expect(kind([1 << 30], [0], [1]) == .invalidArgument)
        let bounds: [Int32] = [(1 << 30) - 1, -(1 << 30), 0]
        let packed = try RansCoder.encode(bounds, classes: [0, 0, 0], segments: [3])
        #expect(try RansCoder.decode(packed.bytes, classes: [0, 0, 0]) == bounds)
        #expect(throws: CodecError.self) { try RansCoder.decode([2, 1, 0], classes: [64]) }
    }
}
