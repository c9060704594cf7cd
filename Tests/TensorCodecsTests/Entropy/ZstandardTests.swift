import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ZstandardTests {
    private func text(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(97 + Int(random.uniform() * random.uniform() * 20)) }
    }

    @Test(arguments: [0, 1, 100, 70_000])
    func framesRoundTripWithAndWithoutPrefix(count: Int) throws {
        let bytes = text(count, seed: 1)
        let prefix = text(50_000, seed: 2) + bytes
        let plain = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.compress(raw, level: 9) }
        let coded = try bytes.withRawBytes { raw throws(CodecError) in
            try prefix.withRawBytes { old throws(CodecError) in try Zstandard.compress(raw, level: 9, prefix: old) }
        }
        let huffman = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.huffmanOnly(raw) }
        for frame in [plain, huffman] {
            #expect(
                try frame.withRawBytes { raw throws(CodecError) in try Zstandard.decompress(raw, count: count) }
                    == bytes)
        }
        let back = try coded.withRawBytes { raw throws(CodecError) in
            try prefix.withRawBytes { old throws(CodecError) in try Zstandard.decompress(raw, count: count, prefix: old)
            }
        }
        #expect(back == bytes)
        if count > 1000 { #expect(coded.count < 100) }
    }

    @Test func matchesReachTheFarEndOfALargePrefix() throws {
        var random = SplitMix64(seed: 4)
        let block = random.bytes(200_000)
        let prefix = block + random.bytes(9_000_000)
        let coded = try block.withRawBytes { raw throws(CodecError) in
            try prefix.withRawBytes { old throws(CodecError) in try Zstandard.compress(raw, level: 9, prefix: old) }
        }
        #expect(coded.count < 2000)
    }

    @Test func anotherSizeThanDeclaredIsRefused() throws {
        let bytes = text(1000, seed: 5)
        let frame = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.compress(raw, level: 3) }
        for count in [0, 999, 1001, 1 << 40] {
            #expect(throws: CodecError.self) {
                try frame.withRawBytes { raw throws(CodecError) in try Zstandard.decompress(raw, count: count) }
            }
        }
    }

    @Test func truncationAtEveryByteAndTrailingBytesAreDetected() throws {
        let bytes = text(3000, seed: 6)
        let frame = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.huffmanOnly(raw) }
        for length in 0..<frame.count {
            #expect(throws: CodecError.self) {
                try frame[..<length].withRawBytes { raw throws(CodecError) in try Zstandard.decompress(raw, count: 3000)
                }
            }
        }
        for tail in [[0], frame] as [[UInt8]] {
            #expect(throws: CodecError.self) {
                try (frame + tail).withRawBytes { raw throws(CodecError) in try Zstandard.decompress(raw, count: 3000) }
            }
        }
    }

    @Test func huffmanCodingAloneComesCloseToTheEntropy() throws {
        // 100 symbols, geometric: entropy 6.6 bits or less; no repetition to find.
        var random = SplitMix64(seed: 7)
        let bytes = (0..<100_000).map { _ in UInt8(min(random.uniform() * random.uniform() * 100, 99)) }
        let entropy = bytes.withUnsafeBufferPointer { symbols in
            let histogram = SymbolHistogram(symbols)
            return zip(histogram.counts, histogram.costs).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / 65536 / 8
        }
        let frame = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.huffmanOnly(raw) }
        #expect(Double(frame.count) < entropy * 1.01 + 200)
    }

    @Test func usedContextsChangeNoByte() throws {
        let bytes = text(40_000, seed: 8)
        var frames: Set<[UInt8]> = []
        for _ in 0..<4 {
            frames.insert(try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.compress(raw, level: 12) })
            _ = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.huffmanOnly(raw) }
            _ = try bytes.withRawBytes { raw throws(CodecError) in try Zstandard.compress(raw, level: 1, prefix: raw) }
        }
        #expect(frames.count == 1)
    }
}
