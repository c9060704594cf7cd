import TensorCodecs
import FileSystem

extension PayloadBlock {
    func write(to writer: inout ManifestWriter) {
        switch content {
        case .record(let location, let usesPrefix):
            writer.byte(usesPrefix ? 1 : 0)
            writer.location(location)
        case .elsewhere(let target):
            writer.byte(2)
            writer.integer(StepVersion.number(target.step))
            writer.integer(target.entry)
            writer.integer(target.block)
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
                location: try reader.location(parts: parts), plainCount: try reader.integer(),
                plainChecksum: try reader.input.read(littleEndian: UInt64.self), usesPrefix: try reader.byte() == 1)
            try checkSize()
            return
        }
        let content: Content
        switch try reader.byte() {
        case 0: content = .record(try reader.location(parts: parts), usesPrefix: false)
        case 1: content = .record(try reader.location(parts: parts), usesPrefix: true)
        case 2:
            content = .elsewhere(
                PayloadLocation(step: try reader.integer(), entry: try reader.integer(), block: try reader.integer()))
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
    func checkPayloadLocations() throws(CodecError) {
        for entry in entries {
            for block in entry.payload {
                guard case .elsewhere(let location) = block.content else { continue }
                guard location.step < number || (location.step == number && holds(block, at: location)) else {
                    throw CodecError(.corrupt, "a payload block of \(entry.path) refers to no earlier one")
                }
            }
        }
    }

    /// Whether the record at `location`, in this step, has the content of `block`.
    package func holds(_ block: PayloadBlock, at location: PayloadLocation) -> Bool {
        guard location.step == number, entries.indices.contains(location.entry),
            entries[location.entry].payload.indices.contains(location.block)
        else { return false }
        let there = entries[location.entry].payload[location.block]
        return there.location != nil && there.plainCount == block.plainCount
            && there.plainChecksum == block.plainChecksum
    }
}
