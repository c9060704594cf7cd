import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ExcpPackingTests {
    /// A quantized group with tensors of many sizes and densities, some without moments.
    private func quantizedGroup(seed: UInt64, bits: Int, sizes: [Int]) throws -> [ExcpTensor] {
        var random = SplitMix64(seed: seed)
        return try sizes.enumerated().map { position, size in
            let settings = try ExcpSettings(
                alpha: [1e-6, 1e-3, 2e-3, 1][Int(random.next() % 4)], beta: [0, 1, 2][Int(random.next() % 3)],
                bits: bits)
            let kind = seed % 3 == 0 ? 2 : Int(random.next() % 3)
            return SampleTensor(size, using: &random).quantized(settings, first: kind > 0, second: kind > 1)
        }
    }

    private func expectRoundTrip(_ tensors: [ExcpTensor]) throws {
        let (weights, moments) = (try ExcpPacking.packWeights(tensors), try ExcpPacking.packMoments(tensors))
        for section in [weights, moments] {
            #expect(section.shares.count == tensors.count)
            #expect(section.shares.reduce(0) { $0 + $1.total } == section.bytes.count)
            #expect(section.shares.allSatisfy { $0.weight >= 0 && $0.first >= 0 && $0.second >= 0 })
        }
        let unpacked = try ExcpPacking.unpackWeights(weights.bytes, counts: tensors.map(\.count))
        #expect(unpacked == tensors.map(\.weight))
        let roles = tensors.map { ExcpPacking.MomentRoles(first: $0.first != nil, second: $0.second != nil) }
        let back = try ExcpPacking.unpackMoments(moments.bytes, weights: unpacked, roles: roles)
        #expect(back == tensors.map { ExcpPacking.Moments(first: $0.first, second: $0.second) })
    }

    @Test(arguments: 2...8, 0..<6)
    func bundlesRoundTrip(bits: Int, seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let sizes = (0..<Int(random.next() % 8)).map { _ in
            Int(random.next() % [1, 20, 500, 9000][Int(random.next() % 4)])
        }
        try expectRoundTrip(try quantizedGroup(seed: UInt64(seed), bits: bits, sizes: sizes))
    }

    @Test func emptyBundlesAndTensorsRoundTrip() throws {
        try expectRoundTrip([])
        try expectRoundTrip([ExcpTensor(weight: .pruned(count: 0))])
        try expectRoundTrip([ExcpTensor(weight: .pruned(count: 100_000), first: .pruned(count: 100_000))])
        try expectRoundTrip(try quantizedGroup(seed: 0, bits: 4, sizes: [0, 0, 5, 0]))
    }

    @Test(arguments: [0.0001, 0.003, 0.03, 0.2, 0.6, 0.95, 1], [1, 2, 3, 15, 31, 63, 64, 127, 255])
    func everyDensityAndAlphabetRoundTrips(density: Double, alphabet: Int) throws {
        var random = SplitMix64(seed: UInt64(alphabet))
        let indices = SampleIndices.geometric(30_000, density: density, alphabet: alphabet, using: &random)
        let role = ExcpRole(codebook: SampleIndices.codebook(alphabet), indices: indices)
        let section = try ExcpPacking.packWeights([ExcpTensor(weight: role)])
        #expect(try ExcpPacking.unpackWeights(section.bytes, counts: [30_000]) == [role])
    }

    @Test func longRunsBetweenCrowdsRoundTripSmall() throws {
        var indices = [UInt8](repeating: 0, count: 3_000_000)
        for i in 0..<500 { (indices[i], indices[2_000_000 + i], indices[2_999_000 + i]) = (1, 2, 3) }
        let role = ExcpRole(codebook: [1, 2, 3], indices: indices)
        let section = try ExcpPacking.packWeights([ExcpTensor(weight: role)])
        #expect(section.bytes.count < 4000)
        #expect(try ExcpPacking.unpackWeights(section.bytes, counts: [3_000_000]) == [role])
    }

    @Test(arguments: [0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9], [3, 15])
    func packingComesCloseToTheEntropy(density: Double, alphabet: Int) throws {
        var random = SplitMix64(seed: UInt64(alphabet))
        let indices = SampleIndices.geometric(262_144, density: density, alphabet: alphabet, using: &random)
        let histogram = indices.withUnsafeBufferPointer { SymbolHistogram($0) }
        let entropy =
            zip(histogram.counts, histogram.costs).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / 65536 / 8
        let role = ExcpRole(codebook: SampleIndices.codebook(alphabet), indices: indices)
        let size = Double(try ExcpPacking.packWeights([ExcpTensor(weight: role)]).bytes.count)
        #expect(size < entropy * 1.025 + 150, "\(size / entropy)")
    }

    @Test func packingIsDeterministic() throws {
        let tensors = try quantizedGroup(seed: 3, bits: 4, sizes: [5000, 100, 20_000])
        let once = try ExcpPacking.packWeights(tensors)
        let moments = try ExcpPacking.packMoments(tensors)
        for _ in 0..<3 {
            #expect(try ExcpPacking.packWeights(tensors) == once)
            #expect(try ExcpPacking.packMoments(tensors) == moments)
        }
        #expect(try quantizedGroup(seed: 3, bits: 4, sizes: [5000, 100, 20_000]) == tensors)
    }

    @Test func codebooksRoundTripAtTheEdgesOfFloat() throws {
        let books: [[Float]] = [
            [], [0], [-.greatestFiniteMagnitude, .greatestFiniteMagnitude],
            [-.leastNonzeroMagnitude, 0, .leastNonzeroMagnitude, Float(bitPattern: 70_001), 6e-8], [], [1, 1.5, 2],
            [-3, -2.5],
            [.greatestFiniteMagnitude], [-.greatestFiniteMagnitude], (0..<255).map { Float($0) * 0.1 },
        ]
        var writer = ByteWriter()
        #expect(try CodebookBlockEncoder.write(books, to: &writer).count == books.count)
        var reader = ByteReader(writer.bytes)
        #expect(try CodebookBlockDecoder.read(sizeLimits: books.map(\.count), from: &reader) == books)
        try reader.expectEnd()
    }

    @Test func whatNoDecoderWouldTakeIsRefused() {
        for bad in [Float.infinity, -.infinity, .nan] {
            let role = ExcpRole(codebook: [0, bad], indices: [1, 2, 0])
            #expect(throws: CodecError.self) { try ExcpPacking.packWeights([ExcpTensor(weight: role)]) }
            let tensor = ExcpTensor(weight: .init(codebook: [1], indices: [1, 1, 0]), first: role, second: role)
            #expect(throws: CodecError.self) { try ExcpPacking.packMoments([tensor]) }
        }
    }

    @Test func sharesFollowWhatTensorsCost() throws {
        var random = SplitMix64(seed: 12)
        let dense = SampleIndices.geometric(20_000, density: 0.3, alphabet: 15, using: &random)
        let sparse = SampleIndices.geometric(20_000, density: 0.01, alphabet: 15, using: &random)
        let tensors = [dense, sparse, [UInt8](repeating: 0, count: 20_000)].map {
            ExcpTensor(weight: ExcpRole(codebook: SampleIndices.codebook(15), indices: $0))
        }
        let shares = try ExcpPacking.packWeights(tensors).shares.map(\.weight)
        #expect(shares[0] > 10 * shares[1] && shares[1] > 5 * shares[2])
    }
}
