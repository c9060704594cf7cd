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
