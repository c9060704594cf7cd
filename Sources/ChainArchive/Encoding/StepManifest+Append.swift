package import FileSystem

extension StepManifest {
    /// Writes a unit's bytes to the part and takes over its records.
    package mutating func append(_ unit: EncodedUnit, to part: PartWriter) throws(VarveError) {
        var references: [PartReference] = []
        for blob in unit.blobs { references.append(try part.append(blob)) }
        append(unit, at: references)
    }

    /// Takes over a unit's records.
    /// - Parameter references: where its blobs lie, one for each.
    package mutating func append(_ unit: EncodedUnit, at references: [PartReference]) {
        if let bundle = unit.bundle {
            bundles.append(
                Bundle(
                    settings: bundle.settings, weights: references[bundle.weights],
                    moments: bundle.moments.map { references[$0] }))
        }
        let firstPack = packs.count
        packs += unit.packs.map { references[$0] }
        for tensor in unit.tensors {
            let coding: TensorRecord.Coding =
                switch tensor.coding {
                case .packed(let pack, let index, let depth):
                    .packed(pack: firstPack + pack, index: index, depth: depth)
                case .unchanged: .unchanged
                case .sameAs(let step): .sameAs(step: step)
                case .bundled(let index): .excp(bundle: bundles.count - 1, index: index)
                case .transform(let index, let opens):
                    .transform(bundle: bundles.count - 1, index: index, opens: opens)
                case .copy(let index): .copy(bundle: bundles.count - 1, index: index)
                }
            tensors.append(tensor.planned.record(coding, hash: tensor.hash, statistics: tensor.statistics))
        }
        if let payload = unit.payload {
            let content: PayloadBlock.Content =
                switch payload.content {
                case .record(let blob, let usesPrefix): .record(references[blob], usesPrefix: usesPrefix)
                case .elsewhere(let place): .elsewhere(place)
                case .constant(let value): .constant(value)
                }
            entries[payload.entry].payload.append(
                PayloadBlock(content, plainCount: payload.plainCount, plainChecksum: payload.plainChecksum))
        }
        notes += unit.notes
    }
}
