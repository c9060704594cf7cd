package import FileSystem

/// Restores a container's own checksums after tensor bytes in it were replaced.
package enum ZipChecksums {
    /// Redoes what `torch.save` derives from tensor bytes: the CRC-32 of each changed record (data descriptor and
    /// central directory), digits 20...39 of the serialization id and that record's own CRC.
    ///
    /// Values that the original writer had switched off (all CRCs zero; an id that does not follow from the stored
    /// CRCs) are left as they are. A container without checksums needs nothing.
    /// - Parameters:
    ///   - file: the rebuilt file, all of it written; corrected in place.
    ///   - changed: byte ranges whose bytes differ from the original's.
    ///   - known: CRC-32 of ranges, where their bytes were at hand; all else is read again.
    package static func reseal(
        _ file: OutputFile, changed: [Range<UInt64>], known: [(range: Range<UInt64>, crc: UInt32)] = []
    ) throws(VarveError) {
        guard !changed.isEmpty, let archive = try TorchArchive(reading: file) else { return }
        guard archive.records.contains(where: { $0.crc != 0 }) else { return }
        let isChanged = overlaps(archive.records, changed)
        var known = known.sorted { $0.range.lowerBound < $1.range.lowerBound }[...]
        // Where ranges overlap it is not known whose bytes were written last.
        if zip(known, known.dropFirst()).contains(where: { $0.range.upperBound > $1.range.lowerBound }) { known = [] }

        var before: [(crc: UInt32, embedded: UInt32?)] = []
        var after = before
        let identifier = archive.record(SerializationID.recordName)
        for (record, isChanged) in zip(archive.records, isChanged) where record.byteCount > 0 {
            // Records ascend as the ranges do.
            known = known.drop { $0.range.lowerBound < record.data.lowerBound }
            let inside = known.prefix { $0.range.lowerBound < record.data.upperBound }
            let crc = isChanged ? try Checksum.crc32(of: file, record.data, known: inside) : record.crc
            if crc != record.crc { try write(crc, of: record, to: file) }
            if record.name == identifier?.name { continue }
            let embedded = try embeddedValue(of: record, in: file)
            before.append((record.crc, embedded))
            after.append((crc, embedded))
        }

        guard let identifier, identifier.byteCount == SerializationID.byteCount else { return }
        let digits = identifier.dataOffset + 20
        guard try file.bytes(at: digits, count: 20) == SerializationID.digits(of: before) else { return }
        try file.write(SerializationID.digits(of: after), at: digits)
        try write(try Checksum.crc32(of: file, identifier.data), of: identifier, to: file)
    }

    /// For each record whether one of the ranges touches its data.
    private static func overlaps(_ records: [ZipRecord], _ ranges: [Range<UInt64>]) -> [Bool] {
        let ranges = ranges.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
        var next = 0
        return records.map { record in
            // Records and ranges both ascend: what ends before this record concerns no later one.
            while next < ranges.count, ranges[next].upperBound <= record.dataOffset { next += 1 }
            return ranges[next...].prefix { $0.lowerBound < record.data.upperBound }.contains {
                $0.overlaps(record.data)
            }
        }
    }

    /// The local header keeps its zero. A record without data descriptor has its CRC in the directory alone.
    private static func write(_ crc: UInt32, of record: ZipRecord, to file: OutputFile) throws(VarveError) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
        try file.write(bytes, at: record.entryOffset + 16)
        if let offset = record.descriptorCRCOffset,
            try file.bytes(at: offset - 4, count: 4) == [0x50, 0x4B, 7, 8]
        {
            try file.write(bytes, at: offset)
        }
    }

    /// Bytes 4..<8 of a record that itself begins with the signature of a data descriptor.
    private static func embeddedValue(of record: ZipRecord, in file: OutputFile) throws(VarveError) -> UInt32? {
        guard record.byteCount >= 8 else { return nil }
        let head = try file.bytes(at: record.dataOffset, count: 8)
        return head.starts(with: [0x50, 0x4B, 7, 8]) ? head.littleEndian(at: 4) : nil
    }
}

/// The record `.data/serialization_id` of a torch file: 40 digits, a hash of the record names and one of their CRCs.
enum SerializationID {
    static let recordName = ".data/serialization_id"
    static let byteCount: UInt64 = 40

    /// Digits 20...39 as torch computes them from the CRC-32 of every record that is neither empty nor the id itself.
    /// - Parameter crcs: in file order. `embedded` is what stands at bytes 4..<8 of a record that itself begins like a
    ///   data descriptor; torch takes that in first.
    static func digits(of crcs: [(crc: UInt32, embedded: UInt32?)]) -> [UInt8] {
        var combined: UInt64 = 0
        func combine(_ value: UInt32) {
            combined ^= UInt64(value) &+ 0x9E37_79B9 &+ (combined << 6) &+ (combined >> 2)
        }
        for (crc, embedded) in crcs {
            if let embedded { combine(embedded) }
            combine(crc)
        }
        let text = String(combined)
        return Array((String(repeating: "0", count: 20 - text.utf8.count) + text).utf8)
    }
}
