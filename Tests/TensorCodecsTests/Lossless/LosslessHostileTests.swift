import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct LosslessHostileTests {
    /// A lossless group with every mode in it.
    private func pack() throws -> (tensors: [LosslessTensor], packed: LosslessGroup.Packed) {
        var samples = LosslessSamples(seed: 11)
        var tensors = samples.parameter([24, 20], .f32) + samples.parameter([40], .bf16)
        tensors[5].companion = 4
        tensors.append(samples.sparse([40, 40], .f32, share: 0.1))
        tensors.append(samples.noise(50, .smallFloat, kind: .weight))
        tensors.append(samples.parameter([12], .f64)[0])
        tensors.append(samples.noise(9, .word(bytes: 4), kind: .other))
        return (tensors, try LosslessGroup.encode(tensors))
    }

    private func decode(_ bytes: [UInt8], _ members: [LosslessGroup.Member]) -> [[UInt8]]? {
        try? LosslessGroup.decode(bytes[...], members)
    }

    @Test func noMutationTraps() throws {
        let (tensors, packed) = try pack()
        let members = LosslessGroupTests.members(tensors, packed)
        var random = SplitMix64(seed: 12)
        for i in packed.bytes.indices {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255, UInt8(truncatingIfNeeded: random.next())] as [UInt8] {
                var mutation = packed.bytes
                mutation[i] ^= flip
                // What passes is of the right size; content hashes find the rest.
                guard let restored = decode(mutation, members) else { continue }
                for (tensor, bytes) in zip(tensors, restored) { #expect(tensor.bytes.count == bytes.count) }
            }
        }
    }

    @Test func everyTruncationAndAdditionIsRefused() throws {
        let (tensors, packed) = try pack()
        let members = LosslessGroupTests.members(tensors, packed)
        for count in packed.bytes.indices { #expect(decode(Array(packed.bytes[..<count]), members) == nil, "\(count)") }
        #expect(decode(packed.bytes + [0], members) == nil)
    }

    @Test func missingPredecessorsAreRefused() throws {
        let (tensors, packed) = try pack()
        for (index, depth) in packed.depths.enumerated() where depth > 0 {
            var members = LosslessGroupTests.members(tensors, packed)
            if depth > 1 { members[index].earlier = nil } else { members[index].previous = nil }
            #expect(decode(packed.bytes, members) == nil)
        }
        var members = LosslessGroupTests.members(tensors, packed)
        members[0].previous?.removeLast()
        #expect(decode(packed.bytes, members) == nil)
    }

    /// Other shapes, formats, numbers of tensors: an error or other bytes, never a trap.
    @Test func wrongPlacesDoNotTrap() throws {
        let (tensors, packed) = try pack()
        let members = LosslessGroupTests.members(tensors, packed)
        let shapes = [[1], [480], [20, 24], [24, 20, 1], [23, 20], [0]]
        let formats: [ElementFormat] = [.float(.f16), .float(.f64), .smallFloat, .word(bytes: 8)]
        for index in members.indices {
            var other = members
            for shape in shapes {
                other[index] = LosslessGroup.Member(format: members[index].format, shape: shape)
                _ = decode(packed.bytes, other)
            }
            for format in formats {
                other[index] = LosslessGroup.Member(format: format, shape: members[index].shape)
                _ = decode(packed.bytes, other)
            }
            other.remove(at: index)
            #expect(decode(packed.bytes, other) == nil)
        }
        #expect(decode(packed.bytes, []) == nil)
    }
}
