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
        let (firstQuantizedGroup, firstLosslessGroup) = (quantizedGroups.count, losslessGroups.count)
        if let quantizedGroup = unit.quantizedGroup {
            quantizedGroups.append(
                QuantizedGroup(
                    settings: quantizedGroup.settings, weights: locations[quantizedGroup.weights],
                    moments: unit.dropsMoments ? .dropped : quantizedGroup.moments.map { locations[$0] }))
        }
        losslessGroups += unit.losslessGroups.map { locations[$0] }
        for (position, var tensor) in unit.tensors.enumerated() {
            tensor.coding =
                if let blob = unit.states[position] {
                    .state(locations[blob])
                } else {
                    tensor.coding.moved(quantizedGroups: firstQuantizedGroup, losslessGroups: firstLosslessGroup)
                }
            tensors.append(tensor)
        }
        appendDropped(unit.dropped)
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

    /// Takes over what is left of tensors that were forgotten and pruned: their records, in a lossless group that is dropped.
    private mutating func appendDropped(_ dropped: [PlannedTensor]) {
        guard !dropped.isEmpty else { return }
        tensors += dropped.enumerated().compactMap { index, tensor in
            tensor.recordOfDropped(.packed(losslessGroup: losslessGroups.count, index: index, depth: 0))
        }
        losslessGroups.append(.dropped)
    }
}

extension TensorRecord.Coding {
    /// The same coding behind so many other groups.
    func moved(quantizedGroups: Int, losslessGroups: Int) -> Self {
        switch self {
        case .unchanged, .sameAs, .state: self
        case .excp(let quantizedGroup, let index):
            .excp(quantizedGroup: quantizedGroups + quantizedGroup, index: index)
        case .transform(let quantizedGroup, let index, let opens):
            .transform(quantizedGroup: quantizedGroups + quantizedGroup, index: index, opens: opens)
        case .copy(let quantizedGroup, let index):
            .copy(quantizedGroup: quantizedGroups + quantizedGroup, index: index)
        case .packed(let losslessGroup, let index, let depth):
            .packed(losslessGroup: losslessGroups + losslessGroup, index: index, depth: depth)
        }
    }
}
