extension ExcpPacking {
    /// The weights' section: codebooks, then one index stream over all tensors. No tensors: no bytes.
    /// - Throws: `.invalidArgument` for a codebook that is not finite, `.outOfMemory`.
    package static func packWeights(_ tensors: [ExcpTensor]) throws(CodecError) -> PackedSection {
        guard !tensors.isEmpty else { return PackedSection(bytes: [], shares: []) }
        var writer = ByteWriter()
        let codebookCosts = try CodebookBlockEncoder.write(tensors.map(\.weight.codebook), to: &writer)
        let codebookBytes = ByteShares.split(writer.count, by: codebookCosts)
        let source = SparseValues(tensors.map(\.weight.indices))
        let start = writer.count
        let costs = try IndexStreamEncoder(source, alphabet: alphabet(tensors.map(\.weight))).write(to: &writer)
        let indexBytes = ByteShares.split(writer.count - start, by: costs)
        return PackedSection(
            bytes: writer.bytes, shares: zip(codebookBytes, indexBytes).map { .init(weight: $0 + $1) })
    }

    /// The moments' section: a byte that says whether first and second indices are paired, codebooks of the first and
    /// of the second moments, the index stream over the positions where weights were kept, and unless paired a value
    /// stream of the second moments' indices. No first moments: no bytes.
    /// - Throws: `.invalidArgument` for a codebook that is not finite, `.outOfMemory`.
    package static func packMoments(_ tensors: [ExcpTensor]) throws(CodecError) -> PackedSection {
        var section = PackedSection(bytes: [], shares: [PackedSection.Share](repeating: .init(), count: tensors.count))
        let holders = tensors.indices.filter { tensors[$0].first != nil }
        guard !holders.isEmpty else { return section }
        let moments = MomentValues(holders.map { tensors[$0] })
        var writer = ByteWriter()

        let paired = moments.isPairedSmaller
        writer.append(paired ? 1 : 0)
        let codebookCosts = try CodebookBlockEncoder.write(
            moments.firstCodebooks + moments.secondCodebooks, to: &writer)
        let codebookBytes = ByteShares.split(writer.count, by: codebookCosts)
        var secondIndex = holders.count
        for (position, holder) in holders.enumerated() {
            section.shares[holder].first += codebookBytes[position]
            if tensors[holder].second != nil {
                section.shares[holder].second += codebookBytes[secondIndex]
                secondIndex += 1
            }
        }

        var start = writer.count
        if paired {
            _ = try moments.pairs.write(to: &writer)
            // A pair costs both roles: by what they would cost alone.
            let costs = moments.firstCosts + moments.secondCosts
            let bytes = ByteShares.split(writer.count - start, by: costs)
            for (position, holder) in holders.enumerated() {
                section.shares[holder].first += bytes[position]
                section.shares[holder].second += bytes[holders.count + position]
            }
        } else {
            let costs = try moments.firsts.write(to: &writer)
            for (holder, bytes) in zip(holders, ByteShares.split(writer.count - start, by: costs)) {
                section.shares[holder].first += bytes
            }
            start = writer.count
            try moments.seconds.write(to: &writer)
            for (holder, bytes) in zip(holders, ByteShares.split(writer.count - start, by: moments.secondCosts)) {
                section.shares[holder].second += bytes
            }
        }
        section.bytes = writer.bytes
        return section
    }

    /// The largest codebook's size; 1 where all are empty.
    static func alphabet(_ roles: [ExcpRole]) -> Int {
        max(roles.map(\.codebook.count).max() ?? 0, 1)
    }
}
