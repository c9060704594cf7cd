import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct RansCoderCorruptionTests {
    /// A stream without low bits and escapes: those carry values that only a checksum can vouch for.
    private func stream() throws -> (sample: SampleLevels, bytes: [UInt8]) {
        var random = SplitMix64(seed: 21)
        var sample = SampleLevels(.mixed, 1501, using: &random)
        sample.levels = sample.levels.map { min(max($0, -1), 1) }
        let packed = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [1501])
        #expect(packed.bytes[0] == RansCoder.Mode.coded.rawValue)
        return (sample, packed.bytes)
    }

    @Test func nearlyEveryMutationIsNoticed() throws {
        let (sample, bytes) = try stream()
        var (tried, missed) = (0, 0)
        for i in bytes.indices {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255, 0x5a] as [UInt8] {
                var mutation = bytes
                mutation[i] ^= flip
                tried += 1
                guard let levels = decoded(mutation, sample.classes) else { continue }
                #expect(levels.count == sample.levels.count)
                // Some fields of tables have several values that mean the same.
                if levels != sample.levels { missed += 1 }
            }
        }
        #expect(missed * 100 <= tried, "\(missed) of \(tried) went unnoticed")
    }

    @Test func everyTruncationAndEveryAdditionIsNoticed() throws {
        let (sample, bytes) = try stream()
        for count in bytes.indices { #expect(decoded(Array(bytes[..<count]), sample.classes) == nil, "\(count)") }
        for extra in 1...4 {
            #expect(decoded(bytes + [UInt8](repeating: 0, count: extra), sample.classes) == nil)
        }
        #expect(decoded([0, 0], sample.classes) == nil)
        #expect(decoded([0], []) == nil)
        #expect(decoded([], sample.classes) == nil)
    }

    @Test(arguments: SampleLevels.Shape.allCases)
    func noMutationOfAnyShapeTraps(shape: SampleLevels.Shape) throws {
        var random = SplitMix64(seed: 22)
        let sample = SampleLevels(shape, 300, using: &random)
        let bytes = try RansCoder.encode(sample.levels, classes: sample.classes, segments: [300]).bytes
        for i in bytes.indices {
            for _ in 0..<6 {
                var mutation = bytes
                mutation[i] = UInt8(truncatingIfNeeded: random.next())
                if random.next() & 1 == 0 {
                    mutation[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                if let levels = decoded(mutation, sample.classes) { #expect(levels.count == 300) }
            }
            _ = decoded(Array(bytes[..<i]), sample.classes)
        }
    }

    @Test func noiseDoesNotTrap() {
        var random = SplitMix64(seed: 23)
        for _ in 0..<3000 {
            var bytes = random.bytes(Int(random.next() % 200))
            if !bytes.isEmpty { bytes[0] = 2 }
            if bytes.count > 1 { bytes[1] = UInt8(random.next() % UInt64(bytes.count)) }
            let classes = (0..<Int(random.next() % 60)).map { _ in UInt8(random.next() % 64) }
            if let levels = decoded(bytes, classes) { #expect(levels.count == classes.count) }
        }
    }

    /// Any error but `.corrupt` is a failure.
    private func decoded(_ bytes: [UInt8], _ classes: [UInt8]) -> [Int32]? {
        do throws(CodecError) {
            return try RansCoder.decode(bytes, classes: classes)
        } catch {
            #expect(error.kind == .corrupt)
            return nil
        }
    }
}
