import FileSystem
import TensorCodecs

/// A block of a file's payload.
package struct PayloadBlock: Sendable, Hashable {
    /// Payload is cut every so many bytes.
    package static let size = 4 << 20
    /// Shorter blocks are stored where they stand: a location elsewhere in their step costs as much.
    package static let smallestShared = 64
    /// The same for locations in other steps. For a few kilobytes those are keyframes: no step shall be lost with
    /// another in the middle of a chain that it does not build on.
    package static let smallestBorrowed = 256
    package static let smallestBorrowedFromChain = 64 << 10

    /// Where its bytes are.
    package enum Content: Sendable, Hashable {
        /// `PayloadCodec` bytes; `usesPrefix`: the block with the same index in the prefix entry is their prefix.
        case record(RecordLocation, usesPrefix: Bool)
        /// The same bytes are stored in an earlier step, or in this one: in a `record`, never by another location.
        case elsewhere(PayloadLocation)
        /// One byte, again and again. Nothing is stored, and nothing is kept of it while a chain is replayed.
        case constant(UInt8)
    }

    package var content: Content
    /// Bytes before compression; `size` for all but the last block.
    package var plainCount: Int
    /// XXH3-64 of the bytes before compression; 0 for a constant, which needs none.
    package var plainChecksum: UInt64

    package init(_ content: Content, plainCount: Int, plainChecksum: UInt64 = 0) {
        self.content = content
        self.plainCount = plainCount
        self.plainChecksum = plainChecksum
    }

    package init(location: RecordLocation, plainCount: Int, plainChecksum: UInt64, usesPrefix: Bool) {
        self.init(
            .record(location, usesPrefix: usesPrefix), plainCount: plainCount, plainChecksum: plainChecksum)
    }

    /// The block's own record, where it has one.
    package var location: RecordLocation? {
        get { if case .record(let location, _) = content { location } else { nil } }
        set {
            guard case .record(_, let usesPrefix) = content, let newValue else { return }
            content = .record(newValue, usesPrefix: usesPrefix)
        }
    }

    package var usesPrefix: Bool {
        if case .record(_, let usesPrefix) = content { usesPrefix } else { false }
    }

    package var isConstant: Bool { if case .constant = content { true } else { false } }
}

/// A block of a file's payload, anywhere in an archive.
package struct PayloadLocation: Sendable, Hashable {
    package var step: Int
    /// Index into the step's entries.
    package var entry: Int
    /// Index into the entry's payload.
    package var block: Int

    package init(step: Int, entry: Int, block: Int) {
        self.step = step
        self.entry = entry
        self.block = block
    }
}

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

    init(from reader: inout ManifestReader, parts: [StepManifest.Part]) throws(CodecError) {
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
