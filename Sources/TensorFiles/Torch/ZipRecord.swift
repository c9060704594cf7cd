/// One stored record of a zip file.
struct ZipRecord: Sendable {
    /// As in the central directory. Compared byte by byte, never as a Swift string.
    var name: [UInt8]
    /// Where its entry in the central directory begins; the CRC-32 stands at byte 16 of it.
    var entryOffset: UInt64
    var localOffset: UInt64
    var dataOffset: UInt64
    var byteCount: UInt64
    /// From the central directory.
    var crc: UInt32
    var flags: UInt16
    var method: UInt16
    /// Where the next record or the central directory begins.
    var limit: UInt64

    var data: Range<UInt64> { dataOffset..<dataOffset + byteCount }

    /// Where the CRC-32 of the data descriptor stands, or would stand: the record needs flag 3 and the signature.
    var descriptorCRCOffset: UInt64? {
        flags & 8 != 0 && limit >= 16 && data.upperBound <= limit - 16 ? data.upperBound + 4 : nil
    }
}
