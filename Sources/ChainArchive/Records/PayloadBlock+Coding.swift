import TensorCodecs
import FileSystem

extension PayloadBlock {
    func write(to writer: inout ManifestWriter) {
        switch content {
        case .record(let reference, let usesPrefix):
            writer.byte(usesPrefix ? 1 : 0)
            writer.reference(reference)
        case .elsewhere(let place):
            writer.byte(2)
            writer.integer(StepVersion.number(place.step))
            writer.integer(place.entry)
            writer.integer(place.block)
        case .constant(let value):
            writer.byte(3)
            writer.byte(value)
        }
        writer.integer(plainCount)
        if !isConstant { writer.output.append(littleEndian: plainChecksum) }
    }

    /// - Parameter sharesBlocks: whether blocks say where their bytes are; older manifests know records only.
    init(
        from reader: inout ManifestReader, parts: [StepManifest.Part], sharesBlocks: Bool
    ) throws(CodecError) {
        guard sharesBlocks else {
            self.init(
                reference: try reader.reference(parts: parts), plainCount: try reader.integer(),
                plainChecksum: try reader.input.read(littleEndian: UInt64.self), usesPrefix: try reader.byte() == 1)
            try checkSize()
            return
        }
        let content: Content
        switch try reader.byte() {
        case 0: content = .record(try reader.reference(parts: parts), usesPrefix: false)
        case 1: content = .record(try reader.reference(parts: parts), usesPrefix: true)
        case 2:
            content = .elsewhere(
                PayloadPlace(step: try reader.integer(), entry: try reader.integer(), block: try reader.integer()))
        case 3: content = .constant(try reader.byte())
        default: throw CodecError(.corrupt, "a payload block is of an unknown kind")
        }
        self.init(content, plainCount: try reader.integer())
        if !isConstant { plainChecksum = try reader.input.read(littleEndian: UInt64.self) }
        try checkSize()
    }

    private func checkSize() throws(CodecError) {
        guard (1...Self.size).contains(plainCount) else {
            throw CodecError(.corrupt, "a payload block is of an impossible size")
        }
    }
}

extension StepManifest {
    /// Blocks that are stored elsewhere: in earlier steps, or in records of this one, so that nothing runs in a circle.
    func checkPlaces() throws(CodecError) {
        for entry in entries {
            for block in entry.payload {
                guard case .elsewhere(let place) = block.content else { continue }
                guard place.step < number || (place.step == number && holds(block, at: place)) else {
                    throw CodecError(.corrupt, "a payload block of \(entry.path) refers to no earlier one")
                }
            }
        }
    }

    /// Whether the record at `place`, in this step, has the content of `block`.
    package func holds(_ block: PayloadBlock, at place: PayloadPlace) -> Bool {
        guard place.step == number, entries.indices.contains(place.entry),
            entries[place.entry].payload.indices.contains(place.block)
        else { return false }
        let there = entries[place.entry].payload[place.block]
        return there.reference != nil && there.plainCount == block.plainCount
            && there.plainChecksum == block.plainChecksum
    }
}
