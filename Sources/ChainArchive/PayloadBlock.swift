/// A block of a file's payload: `PayloadCodec` bytes.
package struct PayloadBlock: Sendable, Hashable {
    /// Payload is cut every so many bytes.
    package static let size = 4 << 20

    package var reference: PartReference
    /// Bytes before compression; `size` for all but the last block.
    package var plainCount: Int
    /// XXH3-64 of the bytes before compression.
    package var plainChecksum: UInt64
    /// Whether the block with the same index in the prefix entry is this one's prefix.
    package var usesPrefix: Bool

    package init(reference: PartReference, plainCount: Int, plainChecksum: UInt64, usesPrefix: Bool) {
        self.reference = reference
        self.plainCount = plainCount
        self.plainChecksum = plainChecksum
        self.usesPrefix = usesPrefix
    }
}
