package import FileSystem

extension StepManifest {
    /// Writes a unit's bytes to the part and takes over its records.
    package mutating func append(_ unit: EncodedUnit, to part: PartWriter) throws(VarveError) {
        var locations: [RecordLocation] = []
        for blob in unit.blobs { locations.append(try part.append(blob)) }
        append(unit, at: locations)
    }

    /// Takes over a unit's records.
    /// - Parameter locations: where its blobs lie, one for each.
    package mutating func append(_ unit: EncodedUnit, at locations: [RecordLocation]) {
        if let quantizedGroup = unit.quantizedGroup {
            quantizedGroups.append(
                QuantizedGroup(
                    settings: quantizedGroup.settings, weights: locations[quantizedGroup.weights],
                    moments: quantizedGroup.moments.map { locations[$0] }))
        }
        let firstLosslessGroup = losslessGroups.count
        losslessGroups += unit.losslessGroups.map { locations[$0] }
        for tensor in unit.tensors {
            let coding: TensorRecord.Coding =
                switch tensor.coding {
                case .packed(let losslessGroup, let index, let depth):
                    .packed(losslessGroup: firstLosslessGroup + losslessGroup, index: index, depth: depth)
                case .unchanged: .unchanged
                case .sameAs(let step): .sameAs(step: step)
                case .excp(let index): .excp(quantizedGroup: quantizedGroups.count - 1, index: index)
                case .transform(let index, let opens):
                    .transform(quantizedGroup: quantizedGroups.count - 1, index: index, opens: opens)
                case .copy(let index): .copy(quantizedGroup: quantizedGroups.count - 1, index: index)
                }
            tensors.append(tensor.planned.record(coding, hash: tensor.hash, statistics: tensor.statistics))
        }
        if let payload = unit.payload {
            let content: PayloadBlock.Content =
                switch payload.content {
                case .record(let blob, let usesPrefix): .record(locations[blob], usesPrefix: usesPrefix)
                case .elsewhere(let location): .elsewhere(location)
                case .constant(let value): .constant(value)
                }
            entries[payload.entry].payload.append(
                PayloadBlock(content, plainCount: payload.plainCount, plainChecksum: payload.plainChecksum))
        }
        notes += unit.notes
    }
}
