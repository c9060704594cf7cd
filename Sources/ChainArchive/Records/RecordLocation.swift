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
