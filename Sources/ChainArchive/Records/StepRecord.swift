/// A record of a step, by what it holds.
package enum StepRecord: Sendable, Hashable {
    /// What the chain builds on, of a bundle; for `transform` everything that later steps need.
    case weights(bundle: Int)
    case moments(bundle: Int)
    case pack(Int)
    /// Of a tensor that is stored alone.
    case tensor(Int)
    /// A payload block: index of its entry, and its own.
    case block(entry: Int, block: Int)
}

extension StepManifest {
    /// Every record with its place in the parts.
    package var records: [(record: StepRecord, reference: PartReference)] {
        var result: [(record: StepRecord, reference: PartReference)] = []
        for (entry, file) in entries.enumerated() {
            for (index, block) in file.payload.enumerated() {
                if let reference = block.reference { result.append((.block(entry: entry, block: index), reference)) }
            }
        }
        for (index, bundle) in bundles.enumerated() {
            result.append((.weights(bundle: index), bundle.weights))
            if let moments = bundle.moments { result.append((.moments(bundle: index), moments)) }
        }
        for (index, pack) in packs.enumerated() { result.append((.pack(index), pack)) }
        for (index, tensor) in tensors.enumerated() {
            switch tensor.coding {
            case .exact(let reference), .exactDelta(let reference): result.append((.tensor(index), reference))
            default: break
            }
        }
        return result
    }

    /// Records that were taken out of the parts.
    package var dropped: Set<StepRecord> { Set(records.lazy.filter(\.reference.isDropped).map(\.record)) }

    /// Gives a record another place.
    mutating func move(_ record: StepRecord, to reference: PartReference) {
        switch record {
        case .weights(let bundle): bundles[bundle].weights = reference
        case .moments(let bundle): bundles[bundle].moments = reference
        case .pack(let pack): packs[pack] = reference
        case .tensor(let index):
            switch tensors[index].coding {
            case .exact: tensors[index].coding = .exact(reference)
            case .exactDelta: tensors[index].coding = .exactDelta(reference)
            default: break
            }
        case .block(let entry, let block): entries[entry].payload[block].reference = reference
        }
    }
}
