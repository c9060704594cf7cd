import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Floats in containers that have no reader: found, coded as floats, given back bit for bit.
@Suite struct FloatBlockTests {
    /// Arrays of a format between texts, at any alignment, with a predecessor.
    private func container(_ formats: [FloatFormat], seed: UInt64) -> (block: [UInt8], prefix: [UInt8]) {
        var random = SplitMix64(seed: seed)
        var block: [UInt8] = [], prefix: [UInt8] = []
        for (index, format) in formats.enumerated() {
            let name = Array("array \(index) of \(format)".utf8) + [UInt8](repeating: 0, count: index * 3 + 1)
            let old = (0..<20_000).map { _ in Float(random.normal() * 0.02) }
            let new = old.map { $0 + Float(random.normal() * 1e-4) }
            block += name + format.bytes(new)
            prefix += name + format.bytes(old)
        }
        return (block, prefix)
    }

    private func decode(_ coded: [UInt8], _ count: Int, _ prefix: [UInt8]) throws -> [UInt8] {
        try PayloadCodec.decode(coded, count: count, prefix: prefix)
    }

    @Test(arguments: FloatFormat.allCases) func floatsAreFoundAtAnyAlignment(format: FloatFormat) throws {
        for offset in 0..<9 {
            let (block, prefix) = container([format], seed: 1)
            let bytes = [UInt8](repeating: 7, count: offset) + block,
                old = [UInt8](repeating: 7, count: offset) + prefix
            let plain = try PayloadCodec.encode(bytes, prefix: [])
            let coded = try PayloadCodec.encode(bytes, prefix: old)
            #expect(plain[0] == 3 && coded[0] == 3, "\(format) at \(offset)")
            #expect(Double(bytes.count) / Double(plain.count) > (format == .f64 ? 1.05 : 1.12))
            // bf16 of such small changes shows hardly any.
            #expect(coded.count < plain.count * 9 / 10)
            #expect(try decode(plain, bytes.count, []) == bytes)
            #expect(try decode(coded, bytes.count, old) == bytes)
            // A longer predecessor is none for floats.
            let other = try PayloadCodec.encode(bytes, prefix: old + [1])
            #expect(try decode(other, bytes.count, old + [1]) == bytes)
        }
    }

    @Test func severalKindsInOneBlockRoundTrip() throws {
        let (block, prefix) = container([.f32, .f16, .f64, .bf16, .f32], seed: 2)
        let coded = try PayloadCodec.encode(block, prefix: prefix)
        #expect(coded[0] == 3)
        #expect(coded.count * 5 < block.count * 4)
        #expect(try decode(coded, block.count, prefix) == block)
    }

    @Test func whatHoldsNoFloatsIsLeftAlone() throws {
        var random = SplitMix64(seed: 3)
        let noise = random.bytes(100_000)
        let coded = try PayloadCodec.encode(noise, prefix: [])
        #expect(coded[0] != 3 && coded.count <= noise.count + 1)
        #expect(FloatRuns.find(UnsafeRawBufferPointer(start: nil, count: 0)).isEmpty)
    }

    @Test func damageIsAnErrorOrOtherBytes() throws {
        let (block, prefix) = container([.f32, .bf16], seed: 4)
        let bytes = Array(block[..<30_000]), old = Array(prefix[..<30_000])
        let coded = try PayloadCodec.encode(bytes, prefix: old)
        #expect(coded[0] == 3)
        var random = SplitMix64(seed: 5)
        for i in 0..<coded.count where i < 200 || i % 37 == 0 {
            for flip in [1, 0x80, 0xff, UInt8(truncatingIfNeeded: random.next())] as [UInt8] {
                var mutation = coded
                mutation[i] ^= flip
                if let restored = try? decode(mutation, bytes.count, old) { #expect(restored.count == bytes.count) }
            }
            #expect(throws: CodecError.self) { try decode(Array(coded[..<i]), bytes.count, old) }
        }
        #expect(throws: CodecError.self) { try decode(coded + [0], bytes.count, old) }
        for count in [0, 1, 29_999, 30_001] { _ = try? decode(coded, count, old) }
        _ = try? decode(coded, bytes.count, [])
    }
}
