package import FileSystem

/// Restores a zip file's own checksums after tensor bytes in it were replaced.
package struct ZipChecksums {
    private let file: OutputFile
    /// The zip file: all of `file`, or a part of it that begins at `start`.
    private var zip: EdgeSource
    private let start: UInt64

    /// Whether a source begins as zip files do.
    package static func isZip(_ source: some ByteSource) throws(VarveError) -> Bool {
        guard source.byteCount >= 4 else { return false }
        return try source.bytes(at: 0, count: 4) == ZipDirectory.localSignature
    }

    /// Redoes what `torch.save` or `numpy.savez` derive from tensor bytes: the CRC-32 of each changed record (data descriptor,
    /// local header and central directory), and in torch files digits 20...39 of the serialization id and that record's own
    /// CRC.
    ///
    /// Values that the original writer had switched off (all CRCs zero; an id that does not follow from the stored
    /// CRCs) are left as they are. A container without checksums needs nothing.
    /// - Parameters:
    ///   - file: the rebuilt file, all of it written; corrected in place.
    ///   - containers: the zip files in it, ascending and disjoint; `nil` for a file that is one itself, or none.
    ///   - changed: byte ranges whose bytes differ from the original's.
    ///   - known: CRC-32 of ranges, where their bytes were at hand; all else is read again.
    package static func reseal(
        _ file: OutputFile, containers: [Range<UInt64>]? = nil, changed: [Range<UInt64>],
        known: [(range: Range<UInt64>, crc: UInt32)] = []
    ) throws(VarveError) {
        var changed = changed.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }[...]
        var known = known.sorted { $0.range.lowerBound < $1.range.lowerBound }[...]
        // Where ranges overlap it is not known whose bytes were written last.
        if Swift.zip(known, known.dropFirst()).contains(where: { $0.range.upperBound > $1.range.lowerBound }) {
            known = []
        }
        for container in containers ?? [0..<file.byteCount] {
            changed = changed.drop { $0.upperBound <= container.lowerBound }
            known = known.drop { $0.range.lowerBound < container.lowerBound }
            let inside = changed.prefix { $0.lowerBound < container.upperBound }
            guard !inside.isEmpty else { continue }
            let knownInside = known.prefix { $0.range.upperBound <= container.upperBound }
            let zip = try EdgeSource(SliceSource(file, container))
            guard try isZip(zip) else { continue }
            var checksums = ZipChecksums(file: file, zip: zip, start: container.lowerBound)
            try checksums.reseal(inside, knownInside)
            try checksums.zip.flush(to: file)
        }
    }

    private mutating func reseal(
        _ changed: ArraySlice<Range<UInt64>>, _ known: ArraySlice<(range: Range<UInt64>, crc: UInt32)>
    ) throws(VarveError) {
        let torch = try TorchArchive(reading: zip)
        let records = if let torch { torch.records } else { try ZipDirectory(reading: zip).records }
        guard records.contains(where: { $0.crc != 0 }) else { return }
        let isChanged = overlaps(records, changed)
        var known = known.map { (range: shifted($0.range), crc: $0.crc) }[...]
        var before: [(crc: UInt32, embedded: UInt32?)] = []
        var after = before
        let identifier = torch?.record(SerializationID.recordName)
        for (record, isChanged) in Swift.zip(records, isChanged) where record.byteCount > 0 {
            // Records ascend as the ranges do.
            known = known.drop { $0.range.lowerBound < record.data.lowerBound }
            let inside = known.prefix { $0.range.lowerBound < record.data.upperBound }
            let crc = isChanged ? try Checksum.crc32(of: zip, record.data, known: inside) : record.crc
            if crc != record.crc { try write(crc, of: record) }
            if record.name == identifier?.name { continue }
            let embedded = try embeddedValue(of: record)
            before.append((record.crc, embedded))
            after.append((crc, embedded))
        }

        guard let identifier, identifier.byteCount == SerializationID.byteCount else { return }
        let digits = identifier.dataOffset + 20
        guard try zip.bytes(at: digits, count: 20) == SerializationID.digits(of: before) else { return }
        try zip.write(SerializationID.digits(of: after), at: digits, of: file)
        try write(try Checksum.crc32(of: zip, identifier.data), of: identifier)
    }

    /// The same place, counted from the zip file's first byte.
    private func shifted(_ range: Range<UInt64>) -> Range<UInt64> {
        range.lowerBound - start..<range.upperBound - start
    }

    /// For each record whether one of the ranges of the file touches its data.
    private func overlaps(_ records: [ZipRecord], _ ranges: ArraySlice<Range<UInt64>>) -> [Bool] {
        let ranges = ranges.map { max($0.lowerBound, start) - start..<$0.upperBound - start }
        var next = 0
        return records.map { record in
            // Records and ranges both ascend: what ends before this record concerns no later one.
            while next < ranges.count, ranges[next].upperBound <= record.dataOffset { next += 1 }
            return ranges[next...].prefix { $0.lowerBound < record.data.upperBound }.contains {
                $0.overlaps(record.data)
            }
        }
    }

    /// Torch leaves the local header's CRC zero and has it behind the data; other writers have it in the header. A record
    /// with neither has its CRC in the directory alone.
    private mutating func write(_ crc: UInt32, of record: ZipRecord) throws(VarveError) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
        try zip.write(bytes, at: record.entryOffset + 16, of: file)
        if record.crc != 0, try zip.bytes(at: record.localOffset + 14, count: 4).littleEndian(at: 0) == record.crc {
            try zip.write(bytes, at: record.localOffset + 14, of: file)
        }
        if let offset = record.descriptorCRCOffset, try zip.bytes(at: offset - 4, count: 4) == [0x50, 0x4B, 7, 8] {
            try zip.write(bytes, at: offset, of: file)
        }
    }

    /// Bytes 4..<8 of a record that itself begins with the signature of a data descriptor.
    private func embeddedValue(of record: ZipRecord) throws(VarveError) -> UInt32? {
        guard record.byteCount >= 8 else { return nil }
        let head = try zip.bytes(at: record.dataOffset, count: 8)
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
