import FileSystem

/// The central directory of a zip file, every record checked against the file.
///
/// All offsets are relative to the source, so a zip file within a slice reads like one of its own.
struct ZipDirectory {
    static let localSignature: [UInt8] = [0x50, 0x4B, 3, 4]

    /// In file order.
    private(set) var records: [ZipRecord]
    /// Name of the first entry of the directory.
    private(set) var firstName: [UInt8]

    /// - Throws: `.truncated` where the file has no end record, `.malformed` for broken structure, records beyond the
    ///   file or over each other; `.inputOutput`.
    init(reading source: any ByteSource) throws(VarveError) {
        let end = try ZipEnd(reading: source)
        let bytes = try source.bytes(
            at: end.directory.lowerBound, count: Int(end.directory.upperBound - end.directory.lowerBound))
        var parsed: [ZipRecord] = []
        var names = Set<[UInt8]>()
        var position = 0
        for _ in 0..<end.entryCount {
            let record = try Self.entry(bytes, &position, end.directory.lowerBound, file: source.name)
            guard names.insert(record.name).inserted else {
                throw Self.malformed("two records named \(record.nameText)", source, record.entryOffset)
            }
            parsed.append(record)
        }
        guard position == bytes.count else {
            throw Self.malformed("the central directory is longer than its entries", source, end.directory.lowerBound)
        }
        firstName = parsed.first?.name ?? []
        records = parsed.sorted { $0.localOffset < $1.localOffset }
        for index in records.indices {
            try Self.locate(&records[index], source, directoryStart: end.directory.lowerBound)
            if index > 0 {
                records[index - 1].limit = records[index].localOffset
                guard records[index - 1].data.upperBound <= records[index].localOffset else {
                    throw Self.malformed(
                        "records \(records[index - 1].nameText) and \(records[index].nameText) overlap", source,
                        records[index].localOffset)
                }
            }
            records[index].limit = end.directory.lowerBound
        }
    }

    func record(_ name: [UInt8]) -> ZipRecord? { records.first { $0.name == name } }

    private static func malformed(_ message: String, _ source: any ByteSource, _ offset: UInt64) -> VarveError {
        VarveError(.malformed, "zip: \(message)", file: source.name, offset: offset)
    }

    /// The entry at `position`, which moves on. The data offset is still open.
    private static func entry(
        _ bytes: [UInt8], _ position: inout Int, _ base: UInt64, file: String
    ) throws(VarveError) -> ZipRecord {
        let start = position
        func broken(_ message: String) -> VarveError {
            VarveError(.malformed, "zip: \(message)", file: file, offset: base + UInt64(start))
        }
        guard bytes.count - start >= 46, bytes[start..<start + 4].elementsEqual([0x50, 0x4B, 1, 2]) else {
            throw broken("no entry of the central directory where one should be")
        }
        let nameCount = Int(bytes.littleEndian(UInt16.self, at: start + 28))
        let extraCount = Int(bytes.littleEndian(UInt16.self, at: start + 30))
        let commentCount = Int(bytes.littleEndian(UInt16.self, at: start + 32))
        guard bytes.count - start - 46 >= nameCount + extraCount + commentCount else {
            throw broken("an entry beyond the central directory")
        }
        position += 46 + nameCount + extraCount + commentCount
        let nameEnd = start + 46 + nameCount
        var extra = ZipExtra(bytes[nameEnd..<nameEnd + extraCount])
        let compressed32 = bytes.littleEndian(UInt32.self, at: start + 20)
        let size32 = bytes.littleEndian(UInt32.self, at: start + 24)
        let offset32 = bytes.littleEndian(UInt32.self, at: start + 42)
        // The extra field has only the values that overflow, in this order.
        guard let size = extra.value(for: size32), let compressed = extra.value(for: compressed32),
            let offset = extra.value(for: offset32)
        else { throw broken("a 64-bit value is missing") }
        let method = bytes.littleEndian(UInt16.self, at: start + 10)
        guard size == compressed || method != 0 else { throw broken("a stored record with two sizes") }
        return ZipRecord(
            name: Array(bytes[start + 46..<nameEnd]), entryOffset: base + UInt64(start), localOffset: offset,
            dataOffset: 0, byteCount: compressed, crc: bytes.littleEndian(UInt32.self, at: start + 16),
            flags: bytes.littleEndian(UInt16.self, at: start + 8), method: method, limit: 0)
    }

    /// Finds where the data begins: behind the local header, whose name and extra field have lengths of their own.
    private static func locate(
        _ record: inout ZipRecord, _ source: any ByteSource, directoryStart: UInt64
    ) throws(VarveError) {
        guard record.localOffset < directoryStart, directoryStart - record.localOffset >= 30 + UInt64(record.name.count)
        else {
            throw malformed("record \(record.nameText) lies beyond the central directory", source, record.entryOffset)
        }
        let header = try source.bytes(at: record.localOffset, count: 30 + record.name.count)
        guard header.starts(with: localSignature), Int(header.littleEndian(UInt16.self, at: 26)) == record.name.count,
            header[30...].elementsEqual(record.name)
        else {
            throw malformed("record \(record.nameText) has another local header", source, record.localOffset)
        }
        record.dataOffset = record.localOffset + UInt64(header.count) + UInt64(header.littleEndian(UInt16.self, at: 28))
        guard record.dataOffset <= directoryStart, record.byteCount <= directoryStart - record.dataOffset else {
            throw malformed("record \(record.nameText) ends beyond the central directory", source, record.localOffset)
        }
    }
}

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

    var nameText: String { String(decoding: name, as: UTF8.self) }

    var data: Range<UInt64> { dataOffset..<dataOffset + byteCount }

    /// Where the CRC-32 of the data descriptor stands, or would stand: the record needs flag 3 and the signature.
    var descriptorCRCOffset: UInt64? {
        flags & 8 != 0 && limit >= 16 && data.upperBound <= limit - 16 ? data.upperBound + 4 : nil
    }
}

/// The 64-bit values of an entry's ZIP64 extra field, taken one after the other.
struct ZipExtra {
    private var values: ArraySlice<UInt8> = []

    /// - Parameter field: the whole extra field; a broken one counts as having no 64-bit values.
    init(_ field: ArraySlice<UInt8>) {
        var rest = field
        while rest.count >= 4 {
            let start = rest.startIndex
            let kind = UInt16(rest[start]) | UInt16(rest[start + 1]) << 8
            let count = Int(rest[start + 2]) | Int(rest[start + 3]) << 8
            rest = rest.dropFirst(4)
            guard count <= rest.count else { return }
            if kind == 1 {
                values = rest.prefix(count)
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// `fixed` itself, or the next 64-bit value where `fixed` is saturated. `nil` where there is none left.
    mutating func value(for fixed: UInt32) -> UInt64? {
        guard fixed == .max else { return UInt64(fixed) }
        guard values.count >= 8 else { return nil }
        let value = values.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        values = values.dropFirst(8)
        return value
    }
}
