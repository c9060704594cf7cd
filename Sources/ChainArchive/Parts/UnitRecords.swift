import TensorCodecs

/// What a unit became, with its bytes in a part: what the step's manifest takes over of it. Groups count from the unit's
/// first.
package struct UnitRecords: Sendable {
    /// Of the unit in the plan.
    package var index: Int
    var quantizedGroup: QuantizedGroup?
    var losslessGroups: [RecordLocation] = []
    var tensors: [TensorRecord] = []
    var payload: (entry: Int, block: PayloadBlock)?
    var notes: [String] = []

    /// - Parameter locations: where the unit's blobs lie, one for each.
    package init(_ unit: EncodedUnit, index: Int, at locations: [RecordLocation]) {
        self.index = index
        quantizedGroup = unit.quantizedGroup.map { group in
            QuantizedGroup(
                settings: group.settings, weights: locations[group.weights],
                moments: group.moments.map { locations[$0] })
        }
        losslessGroups = unit.losslessGroups.map { locations[$0] }
        for (position, var tensor) in unit.tensors.enumerated() {
            if let blob = unit.states[position] { tensor.coding = .state(locations[blob]) }
            tensors.append(tensor)
        }
        payload = unit.payload.map { payload in
            let content: PayloadBlock.Content =
                switch payload.content {
                case .record(let blob, let usesPrefix): .record(locations[blob], usesPrefix: usesPrefix)
                case .elsewhere(let location): .elsewhere(location)
                case .constant(let value): .constant(value)
                }
            return (
                payload.entry,
                PayloadBlock(content, plainCount: payload.plainCount, plainChecksum: payload.plainChecksum)
            )
        }
        notes = unit.notes
    }
}

extension StepManifest {
    /// Takes over a unit's records.
    /// - Parameter part: index of the part that they lie in.
    mutating func append(_ unit: UnitRecords, part: Int) throws(CodecError) {
        func moved(_ location: RecordLocation) -> RecordLocation {
            var location = location
            location.part = part
            return location
        }
        let (firstQuantizedGroup, firstLosslessGroup) = (quantizedGroups.count, losslessGroups.count)
        if var group = unit.quantizedGroup {
            group.weights = moved(group.weights)
            group.moments = group.moments.map(moved)
            quantizedGroups.append(group)
        }
        losslessGroups += unit.losslessGroups.map(moved)
        for var tensor in unit.tensors {
            tensor.coding =
                switch tensor.coding {
                case .state(let location): .state(moved(location))
                default: tensor.coding.moved(quantizedGroups: firstQuantizedGroup, losslessGroups: firstLosslessGroup)
                }
            tensors.append(tensor)
        }
        if let (entry, block) = unit.payload {
            guard entries.indices.contains(entry) else { throw CodecError(.corrupt, "payload of no file") }
            var block = block
            block.location = block.location.map(moved)
            entries[entry].payload.append(block)
        }
        notes += unit.notes
    }
}

extension UnitRecords {
    func write(to writer: inout ManifestWriter) {
        writer.integer(index)
        writer.byte(quantizedGroup == nil ? 0 : 1)
        quantizedGroup?.write(to: &writer)
        writer.list(losslessGroups) { $0.location($1) }
        writer.list(tensors) { writer, tensor in tensor.write(to: &writer) }
        writer.byte(payload == nil ? 0 : 1)
        if let payload {
            writer.integer(payload.entry)
            payload.block.write(to: &writer)
        }
        writer.list(notes) { $0.text($1) }
    }

    init(from reader: inout ManifestReader, parts: [StepManifest.Part]) throws(CodecError) {
        index = try reader.integer()
        if try reader.byte() == 1 {
            quantizedGroup = try QuantizedGroup(from: &reader, parts: parts)
        }
        losslessGroups = try reader.list { (reader) throws(CodecError) in try reader.location(parts: parts) }
        tensors = try reader.list { (reader) throws(CodecError) in
            try TensorRecord(from: &reader, parts: parts)
        }
        if try reader.byte() == 1 {
            let entry = try reader.integer()
            payload = (entry, try PayloadBlock(from: &reader, parts: parts))
        }
        notes = try reader.list { (reader) throws(CodecError) in try reader.text() }
    }
}
