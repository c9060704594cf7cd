import Testing

@testable import TensorCodecs

@Suite struct LosslessHostileTests {
    /// A pack with every mode in it.
    private func pack() throws -> (tensors: [LosslessTensor], packed: LosslessPack.Packed) {
        var samples = LosslessSamples(seed: 11)
        var tensors = samples.parameter([24, 20], .f32) + samples.parameter([40], .bf16)
        tensors[5].companion = 4
        tensors.append(samples.sparse([40, 40], .f32, share: 0.1))
        tensors.append(samples.noise(50, .smallFloat, kind: .weight))
        tensors.append(samples.parameter([12], .f64)[0])
        tensors.append(samples.noise(9, .word(bytes: 4), kind: .other))
        return (tensors, try LosslessPack.encode(tensors))
    }

    private func decode(_ bytes: [UInt8], _ places: [LosslessPack.Place]) -> [[UInt8]]? {
        try? LosslessPack.decode(bytes[...], places)
    }

    @Test func noMutationTraps() throws {
        let (tensors, packed) = try pack()
        let places = LosslessPackTests.places(tensors, packed)
        var random = SplitMix64(seed: 12)
        for i in packed.bytes.indices {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255, UInt8(truncatingIfNeeded: random.next())] as [UInt8] {
                var mutation = packed.bytes
                mutation[i] ^= flip
                // What passes is of the right size; content hashes find the rest.
                guard let restored = decode(mutation, places) else { continue }
                for (tensor, bytes) in zip(tensors, restored) { #expect(tensor.bytes.count == bytes.count) }
            }
        }
    }

    @Test func everyTruncationAndAdditionIsRefused() throws {
        let (tensors, packed) = try pack()
        let places = LosslessPackTests.places(tensors, packed)
        for count in packed.bytes.indices { #expect(decode(Array(packed.bytes[..<count]), places) == nil, "\(count)") }
        #expect(decode(packed.bytes + [0], places) == nil)
    }

    @Test func missingPredecessorsAreRefused() throws {
        let (tensors, packed) = try pack()
        for (index, depth) in packed.depths.enumerated() where depth > 0 {
            var places = LosslessPackTests.places(tensors, packed)
            if depth > 1 { places[index].earlier = nil } else { places[index].previous = nil }
            #expect(decode(packed.bytes, places) == nil)
        }
        var places = LosslessPackTests.places(tensors, packed)
        places[0].previous?.removeLast()
        #expect(decode(packed.bytes, places) == nil)
    }

    /// Other shapes, formats, numbers of tensors: an error or other bytes, never a trap.
    @Test func wrongPlacesDoNotTrap() throws {
        let (tensors, packed) = try pack()
        let places = LosslessPackTests.places(tensors, packed)
        let shapes = [[1], [480], [20, 24], [24, 20, 1], [23, 20], [0]]
        let formats: [ElementFormat] = [.float(.f16), .float(.f64), .smallFloat, .word(bytes: 8)]
        for index in places.indices {
            var other = places
            for shape in shapes {
                other[index] = LosslessPack.Place(format: places[index].format, shape: shape)
                _ = decode(packed.bytes, other)
            }
            for format in formats {
                other[index] = LosslessPack.Place(format: format, shape: places[index].shape)
                _ = decode(packed.bytes, other)
            }
            other.remove(at: index)
            #expect(decode(packed.bytes, other) == nil)
        }
        #expect(decode(packed.bytes, []) == nil)
    }
}
