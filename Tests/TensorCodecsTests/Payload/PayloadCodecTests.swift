import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct PayloadCodecTests {
    private func encode(_ bytes: [UInt8], _ prefix: [UInt8]? = nil) throws -> [UInt8] {
        try bytes.withRawBytes { raw throws(CodecError) in
            guard let prefix else { return try PayloadCodec.encode(raw) }
            return try prefix.withRawBytes { old throws(CodecError) in try PayloadCodec.encode(raw, prefix: old) }
        }
    }

    private func decode(_ bytes: [UInt8], _ count: Int, _ prefix: [UInt8]? = nil) throws -> [UInt8] {
        guard let prefix else { return try PayloadCodec.decode(bytes[...], count: count) }
        return try prefix.withRawBytes { old throws(CodecError) in
            try PayloadCodec.decode(bytes[...], count: count, prefix: old)
        }
    }

    private func lines(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return Array(
            (0..<count).map { "{\"step\": \($0), \"loss\": \(random.next() % 100_000)}" }.joined(separator: "\n").utf8)
    }

    @Test func blocksRoundTripWithAndWithoutPrefix() throws {
        var random = SplitMix64(seed: 1)
        for bytes in [[], [1], lines(3000, seed: 2), random.bytes(500_000), [UInt8](repeating: 0, count: 4 << 20)] {
            let plain = try encode(bytes)
            #expect(plain.count <= bytes.count + 1)
            #expect(try decode(plain, bytes.count) == bytes)
            for prefix in [[], lines(3000, seed: 3), bytes] {
                let coded = try encode(bytes, prefix)
                #expect(coded.count <= bytes.count + 1)
                #expect(try decode(coded, bytes.count, prefix) == bytes)
            }
        }
    }

    @Test func theSameFileCostsAByteAndALongerLogItsNewLines() throws {
        let log = lines(5000, seed: 4)
        #expect(try encode(log, log).count == 1)
        let longer = log + lines(20, seed: 5)
        #expect(try encode(longer, log).count < 500)
    }

    @Test func truncationAtEveryByteIsDetected() throws {
        let log = lines(100, seed: 6)
        for coded in [try encode(log), try encode(log, lines(90, seed: 6)), try encode([1, 2, 3])] {
            let count = coded.count == 4 ? 3 : log.count
            for length in coded.indices {
                #expect(throws: CodecError.self) { try decode(Array(coded[..<length]), count, lines(90, seed: 6)) }
            }
            #expect(throws: CodecError.self) { try decode(coded + [0], count, lines(90, seed: 6)) }
        }
    }

    @Test func everyByteMutatedIsAnErrorOrOtherBytes() throws {
        let (log, prefix) = (lines(60, seed: 7), lines(50, seed: 7))
        let coded = try encode(log, prefix)
        for position in coded.indices {
            for value in [0, 0xff] + (0..<8).map({ coded[position] ^ (1 << UInt8($0)) }) as [UInt8] {
                var damaged = coded
                damaged[position] = value
                if let bytes = try? decode(damaged, log.count, prefix) { #expect(bytes.count == log.count) }
                _ = try? decode(damaged, log.count)
            }
        }
    }

    @Test func oversizedBlocksAreRefused() {
        #expect(throws: CodecError.self) { try encode([UInt8](repeating: 0, count: (4 << 20) + 1)) }
        #expect(throws: CodecError.self) { try decode([0], 1 << 40) }
        #expect(throws: CodecError.self) { try decode([0], -1) }
    }
}
