import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ExactCodecTests {
    private func encode(_ bytes: [UInt8], _ size: Int, _ predecessor: [UInt8]? = nil) throws -> [UInt8] {
        try bytes.withRawBytes { raw throws(CodecError) in
            guard let predecessor else { return try ExactCodec.encode(raw, elementSize: size) }
            return try predecessor.withRawBytes { old throws(CodecError) in
                try ExactCodec.encode(raw, elementSize: size, predecessor: old)
            }
        }
    }

    private func decode(_ bytes: [UInt8], _ count: Int, _ size: Int, _ predecessor: [UInt8]? = nil) throws -> [UInt8] {
        var output = [UInt8](repeating: 0xaa, count: count)
        var failure: CodecError?
        output.withUnsafeMutableBytes { output in
            do throws(CodecError) {
                guard let predecessor else { return try ExactCodec.decode(bytes, into: output, elementSize: size) }
                try predecessor.withRawBytes { old throws(CodecError) in
                    try ExactCodec.decode(bytes, into: output, elementSize: size, predecessor: old)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }

    private func weights(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return FloatFormat.f32.bytes((0..<count).map { _ in Float((random.uniform() + random.uniform() - 1) * 0.04) })
    }

    @Test(arguments: [1, 2, 4, 8, 16], [0, 1, 15, 16, 17, 40_001])
    func anyBytesRoundTrip(size: Int, count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        let noise = random.bytes(count)
        let ramp = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let near = zip(noise, random.bytes(count)).map { $0 &+ ($1 & 1) }
        for bytes in [noise, ramp, [UInt8](repeating: 7, count: count)] {
            let plain = try encode(bytes, size)
            #expect(plain.count <= count + 16)
            #expect(try decode(plain, count, size) == bytes)
            for predecessor in [noise, near, ramp] {
                let coded = try encode(bytes, size, predecessor)
                #expect(coded.count <= count + 16)
                #expect(try decode(coded, count, size, predecessor) == bytes)
            }
        }
    }

    @Test func blocksOfEveryKindRoundTripTogether() throws {
        // Same, coded, same, raw, raw, coded, and a short one with a remainder.
        var random = SplitMix64(seed: 5)
        let block = ExactCodec.blockSize
        var bytes = weights(block / 4 * 6 + 250, seed: 6) + [1, 2, 3]
        var predecessor = bytes
        predecessor.replaceSubrange(block..<block + 4, with: [9, 9, 9, 9])
        bytes.replaceSubrange(3 * block..<5 * block, with: random.bytes(2 * block))
        predecessor.replaceSubrange(3 * block..<5 * block, with: random.bytes(2 * block))
        predecessor.replaceSubrange(5 * block..<6 * block, with: weights(block / 4, seed: 8))
        predecessor[predecessor.count - 1] = 0
        let coded = try encode(bytes, 4, predecessor)
        #expect(coded.count < 3 * block)
        #expect(try decode(coded, bytes.count, 4, predecessor) == bytes)
    }

    @Test func whatDidNotChangeCostsAFewBytes() throws {
        let bytes = weights(600_000, seed: 1)
        #expect(try encode(bytes, 4, bytes).count <= 4)
        #expect(try encode([UInt8](repeating: 0, count: 4 << 20), 4).count < 64)
    }

    @Test func floatsTakeLessThanTheirBytes() throws {
        let bytes = weights(300_000, seed: 2)
        #expect(try encode(bytes, 4).count < bytes.count * 88 / 100)
        // A predecessor close by: most of the upper bytes agree.
        let moved = FloatFormat.f32.bytes(bytes.withUnsafeBytes { FloatFormat.f32.floats($0) }.map { $0 * 1.0005 })
        #expect(try encode(moved, 4, bytes).count < bytes.count * 70 / 100)
    }

    @Test func countersAndMasksTakeNextToNothing() throws {
        let positions = (0..<100_000).flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
        #expect(try encode(positions, 8).count < positions.count / 50)
        let mask = (0..<300_000).map { UInt8($0 / 1024 % 2) }
        #expect(try encode(mask, 1).count < 2000)
    }

    @Test func truncationAtEveryByteIsDetected() throws {
        let bytes = weights(200, seed: 3) + [1]
        let predecessor = weights(200, seed: 4) + [2]
        for coded in [try encode(bytes, 4), try encode(bytes, 4, predecessor)] {
            for length in coded.indices {
                #expect(throws: CodecError.self) { try decode(Array(coded[..<length]), bytes.count, 4, predecessor) }
            }
            #expect(throws: CodecError.self) { try decode(coded + [0], bytes.count, 4, predecessor) }
        }
    }

    @Test func everyByteMutatedIsAnErrorOrOtherValues() throws {
        let bytes = weights(150, seed: 3) + [UInt8](repeating: 0, count: 400)
        var predecessor = bytes
        for i in stride(from: 0, to: 600, by: 4) { predecessor[i] &+= 3 }
        for coded in [try encode(bytes, 4), try encode(bytes, 4, predecessor), try encode(bytes, 4, bytes)] {
            for position in coded.indices {
                for value in [0, 0xff] + (0..<8).map({ coded[position] ^ (1 << UInt8($0)) }) as [UInt8] {
                    var damaged = coded
                    damaged[position] = value
                    _ = try? decode(damaged, bytes.count, 4, predecessor)
                    _ = try? decode(damaged, bytes.count, 4)
                }
            }
        }
    }

    @Test func argumentsThatMakeNoSenseAreRefused() {
        #expect(throws: CodecError.self) { try encode([1, 2, 3], 3) }
        #expect(throws: CodecError.self) { try encode([1, 2, 3], 1, [1, 2]) }
    }
}
