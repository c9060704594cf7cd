import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Damaged sections give an error or other values, never a trap.
@Suite struct ExcpCorruptionTests {
    private struct Sections {
        var weights: [UInt8]
        var moments: [UInt8]
        var counts: [Int]
        var roles: [ExcpPacking.MomentRoles]
        var decoded: [ExcpRole]

        init(bits: Int, alpha: Double, counts: [Int], second: Bool) throws {
            var random = SplitMix64(seed: UInt64(bits))
            let settings = try ExcpSettings(alpha: alpha, beta: 1, bits: bits)
            let tensors = counts.map { SampleTensor($0, using: &random).quantized(settings, second: second) }
            self.counts = counts
            weights = try ExcpPacking.packWeights(tensors).bytes
            moments = try ExcpPacking.packMoments(tensors).bytes
            roles = tensors.map { .init(first: $0.first != nil, second: $0.second != nil) }
            decoded = tensors.map(\.weight)
        }

        /// Whether both decoders refuse or return well-formed roles.
        func decodeWeights(_ bytes: [UInt8]) -> [ExcpRole]? {
            guard let roles = try? ExcpPacking.unpackWeights(bytes, counts: counts) else { return nil }
            for (role, count) in zip(roles, counts) { expectSound(role, count) }
            return roles
        }

        func decodeMoments(_ bytes: [UInt8], weights: [ExcpRole]) -> [ExcpPacking.Moments]? {
            guard let moments = try? ExcpPacking.unpackMoments(bytes, weights: weights, roles: roles) else {
                return nil
            }
            for (moment, count) in zip(moments, counts) {
                if let first = moment.first { expectSound(first, count) }
                if let second = moment.second { expectSound(second, count) }
            }
            return moments
        }

        private func expectSound(_ role: ExcpRole, _ count: Int) {
            let sound =
                role.indices.count == count && role.indices.allSatisfy { Int($0) <= role.codebook.count }
                && role.codebook.allSatisfy(\.isFinite)
                && zip(role.codebook, role.codebook.dropFirst()).allSatisfy { $0 < $1 }
            if !sound { Issue.record("an unsound role was decoded") }
        }
    }

    private static let cases = [
        (4, 1e-3, [300, 40], true), (4, 1e-3, [300], false), (2, 1e-6, [300, 3], true), (6, 1e-4, [300], true),
        (8, 1e-3, [280], true), (4, 1, [1000, 1000], true),
    ]

    @Test(arguments: cases.indices)
    func truncationAtEveryByteIsDetected(number: Int) throws {
        let (bits, alpha, counts, second) = Self.cases[number]
        let sections = try Sections(bits: bits, alpha: alpha, counts: counts, second: second)
        for length in sections.weights.indices {
            #expect(sections.decodeWeights(Array(sections.weights[..<length])) == nil)
        }
        for length in sections.moments.indices {
            #expect(sections.decodeMoments(Array(sections.moments[..<length]), weights: sections.decoded) == nil)
        }
        #expect(sections.decodeWeights(sections.weights + [0]) == nil)
        #expect(sections.decodeMoments(sections.moments + [0], weights: sections.decoded) == nil)
    }

    @Test(arguments: cases.indices)
    func everyByteMutatedIsAnErrorOrOtherValues(number: Int) throws {
        let (bits, alpha, counts, second) = Self.cases[number]
        let sections = try Sections(bits: bits, alpha: alpha, counts: counts, second: second)
        for position in sections.weights.indices {
            for value in mutations(of: sections.weights[position]) {
                var bytes = sections.weights
                bytes[position] = value
                // Moments read with wrong weights: they lie elsewhere or do not fit.
                if let roles = sections.decodeWeights(bytes) {
                    _ = sections.decodeMoments(sections.moments, weights: roles)
                }
            }
        }
        for position in sections.moments.indices {
            for value in mutations(of: sections.moments[position]) {
                var bytes = sections.moments
                bytes[position] = value
                _ = sections.decodeMoments(bytes, weights: sections.decoded)
            }
        }
    }

    private func mutations(of byte: UInt8) -> Set<UInt8> {
        Set((0..<8).map { byte ^ (1 << UInt8($0)) } + [0, 0xff]).subtracting([byte])
    }

    @Test func noiseIsNoSection() {
        var random = SplitMix64(seed: 99)
        for _ in 0..<1000 {
            let bytes = random.bytes(Int(random.next() % 60)).map { random.next() % 3 == 0 ? $0 & 3 : $0 }
            guard let roles = try? ExcpPacking.unpackWeights(bytes, counts: [10, 2000]) else { continue }
            #expect(roles.map(\.indices.count) == [10, 2000])
        }
    }

    @Test func absurdCountsAreRefusedBeforeAnythingIsAllocated() throws {
        // One codebook of one centre, then tokens and values by the billion for a thousand elements.
        var start = ByteWriter()
        _ = try CodebookBlockEncoder.write([[1]], to: &start)
        for counts in [(1 << 40, 1 << 40), (1, 1 << 50), (1 << 62, 1)] {
            var writer = start
            writer.append(IndexStream.Kind.joint.rawValue)
            writer.append(0)
            writer.append(varint: counts.0)
            writer.append(varint: counts.1)
            writer.append(contentsOf: [1, 0])
            #expect(throws: CodecError.self) { try ExcpPacking.unpackWeights(writer.bytes, counts: [1000]) }
        }
        #expect(throws: CodecError.self) { try ExcpPacking.unpackWeights(start.bytes, counts: [.max, .max]) }
        #expect(throws: CodecError.self) { try ExcpPacking.unpackWeights(start.bytes, counts: [-1]) }
    }

    @Test func momentsOfOtherWeightsAreRefusedOrDifferent() throws {
        let sections = try Sections(bits: 4, alpha: 1e-3, counts: [700, 90], second: true)
        #expect(throws: CodecError.self) {
            try ExcpPacking.unpackMoments(
                sections.moments, weights: sections.decoded, roles: [.init(first: true, second: true)])
        }
        #expect(throws: CodecError.self) {
            try ExcpPacking.unpackMoments(
                sections.moments, weights: sections.decoded,
                roles: [.init(first: false, second: true), .init(first: true, second: true)])
        }
        let empty = [ExcpRole.pruned(count: 700), .pruned(count: 90)]
        #expect(throws: CodecError.self) {
            try ExcpPacking.unpackMoments(sections.moments, weights: empty, roles: sections.roles)
        }
    }
}
