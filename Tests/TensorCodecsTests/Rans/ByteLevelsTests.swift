import Testing
import VarveTestSupport

@testable import TensorCodecs

/// The fast way through `RansCoder` for levels of a byte: the same streams, the same levels.
@Suite struct ByteLevelsTests {
    private func bytes(_ sample: SampleLevels) -> [Int8] {
        sample.levels.map { Int8(clamping: min(max($0, -120), 120)) }
    }

    /// Reads streams at once; all of their levels.
    private func decode(_ streams: [(bytes: [UInt8], classes: [UInt8])]) throws -> [[Int8]] {
        let outputs = streams.map { UnsafeMutablePointer<Int8>.allocate(capacity: $0.classes.count + 1) }
        let classes = streams.map { stream in
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: stream.classes.count)
            _ = copy.initialize(from: stream.classes)
            return copy
        }
        defer {
            for output in outputs { output.deallocate() }
            for copy in classes { copy.deallocate() }
        }
        var decoders: [ByteLevelDecoder] = []
        for (index, stream) in streams.enumerated() {
            let occurring = stream.classes.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
            let decoder = try ByteLevelDecoder(
                stream.bytes[...], UnsafeBufferPointer(classes[index]), occurring: occurring, into: outputs[index])
            if let decoder { decoders.append(decoder) }
        }
        try ByteLevelDecoder.decode(decoders)
        return zip(outputs, streams).map { Array(UnsafeBufferPointer(start: $0, count: $1.classes.count)) }
    }

    private func packed(_ levels: [Int8], _ classes: [UInt8], segments: [Int]) throws -> RansCoder.Packed {
        try levels.withUnsafeBufferPointer { levels in
            try classes.withUnsafeBufferPointer { classes in
                try ByteLevels(levels: levels, classes: classes).packed(segments: segments)
            }
        }
    }

    @Test(arguments: SampleLevels.Shape.allCases) func streamsAreThoseOfIndexPacking(shape: SampleLevels.Shape) throws {
        var random = SplitMix64(seed: 31)
        for count in [1, 2, 7, 64, 1001, 20_000] {
            let sample = SampleLevels(shape, count, using: &random)
            let levels = bytes(sample), segments = [count / 3, count - count / 3]
            let expected = try RansCoder.encode(
                levels.map(Int32.init), classes: sample.classes, segments: segments, .quick)
            let found = try packed(levels, sample.classes, segments: segments)
            #expect(found.bytes == expected.bytes && found.shares == expected.shares, "\(count)")
            #expect(try decode([(found.bytes, sample.classes)]) == [levels], "\(count)")
        }
    }

    /// Streams of every length beside each other, one of them of another mode.
    @Test func streamsSideBySideAreThoseAlone() throws {
        var random = SplitMix64(seed: 32)
        var streams: [(bytes: [UInt8], classes: [UInt8])] = [], levels: [[Int8]] = []
        for (index, count) in [5000, 3, 0, 4999, 700, 8000, 1].enumerated() {
            let sample = SampleLevels(index == 4 ? .zero : .keyframe, count, using: &random)
            levels.append(bytes(sample))
            let packed = try packed(levels[index], sample.classes, segments: [count])
            streams.append((packed.bytes, sample.classes))
        }
        #expect(try decode(streams) == levels)
    }

    /// Low bits of several classes, escapes, and levels that no byte holds.
    @Test(arguments: [SampleLevels.Shape.wideNoise, .heavyTails, .huge, .fewOutliers, .keyframe])
    func levelsBeyondAByteAreMarked(shape: SampleLevels.Shape) throws {
        var random = SplitMix64(seed: 33)
        for factor: Int32 in [1, 3, 40] {
            var sample = SampleLevels(shape, 6000, using: &random)
            for i in sample.levels.indices where sample.levels[i].magnitude < 1 << 20 { sample.levels[i] *= factor }
            let stream = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [6000])
            let found = try decode([(stream.bytes, sample.classes)])[0]
            for (level, byte) in zip(sample.levels, found) {
                #expect(level.magnitude <= 120 ? Int32(byte) == level : byte.magnitude > 120)
            }
        }
    }
}
