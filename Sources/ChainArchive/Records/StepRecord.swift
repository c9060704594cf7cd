/// A record of a step, by what it holds.
package enum StepRecord: Sendable, Hashable {
    /// What the chain builds on, of a quantized group; for `transform` everything that later steps need.
    case weights(quantizedGroup: Int)
    case moments(quantizedGroup: Int)
    case losslessGroup(Int)
    /// Of a tensor that is stored alone.
    case tensor(Int)
    /// A payload block: index of its entry, and its own.
    case block(entry: Int, block: Int)
}

extension StepManifest {
    /// Every record with its location in the parts.
    package var records: [(record: StepRecord, location: RecordLocation)] {
        var result: [(record: StepRecord, location: RecordLocation)] = []
        for (entry, file) in entries.enumerated() {
            for (index, block) in file.payload.enumerated() {
                if let location = block.location { result.append((.block(entry: entry, block: index), location)) }
            }
        }
        for (index, quantizedGroup) in quantizedGroups.enumerated() {
            result.append((.weights(quantizedGroup: index), quantizedGroup.weights))
            if let moments = quantizedGroup.moments { result.append((.moments(quantizedGroup: index), moments)) }
        }
        for (index, losslessGroup) in losslessGroups.enumerated() {
            result.append((.losslessGroup(index), losslessGroup))
        }
        for (index, tensor) in tensors.enumerated() {
            switch tensor.coding {
            case .state(let location): result.append((.tensor(index), location))
            default: break
            }
        }
        return result
    }

    /// Records that were taken out of the parts.
    package var dropped: Set<StepRecord> { Set(records.lazy.filter(\.location.isDropped).map(\.record)) }

    /// Gives a record another location.
    mutating func move(_ record: StepRecord, to location: RecordLocation) {
        switch record {
        case .weights(let quantizedGroup): quantizedGroups[quantizedGroup].weights = location
        case .moments(let quantizedGroup): quantizedGroups[quantizedGroup].moments = location
        case .losslessGroup(let losslessGroup): losslessGroups[losslessGroup] = location
        case .tensor(let index):
            if tensors[index].coding.isState { tensors[index].coding = .state(location) }
        case .block(let entry, let block): entries[entry].payload[block].location = location
        }
    }
}

/// A run of bytes in a part, with the checksum that is compared before they are used.
package struct RecordLocation: Sendable, Hashable {
    /// Index into the manifest's list of parts.
    package var part: Int
    package var offset: UInt64
    package var byteCount: UInt64
    /// XXH3-64 of the bytes.
    package var checksum: UInt64

    package init(part: Int, offset: UInt64, byteCount: UInt64, checksum: UInt64) {
        self.part = part
        self.offset = offset
        self.byteCount = byteCount
        self.checksum = checksum
    }

    /// Stands for a record that was taken out of its part. No record begins in a part's header.
    package static let dropped = RecordLocation(part: 0, offset: 0, byteCount: 0, checksum: 0)

    package var isDropped: Bool { offset == 0 && byteCount == 0 && checksum == 0 }
}
