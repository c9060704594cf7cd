import TensorFiles

/// Writes zip files of stored records as torch's writer does: padding, data descriptors, ZIP64 end record.
package struct ZipWriter {
    private struct Entry {
        var name: [UInt8]
        var bytes: [UInt8]
        var crc: UInt32
        var offset: Int
    }

    private let withCRC: Bool
    private let alignment: Int
    private var entries: [Entry] = []
    private var file: [UInt8] = []
    /// Whether every record gets ZIP64 extra fields and a long data descriptor although it needs none.
    package var usesZip64 = false

    package init(withCRC: Bool = true, alignment: Int = 64) {
        self.withCRC = withCRC
        self.alignment = alignment
    }

    package mutating func add(_ name: String, _ bytes: [UInt8]) {
        let name = Array(name.utf8)
        let crc = withCRC ? Checksum.crc32(bytes) : 0
        let flags: UInt16 = bytes.isEmpty ? 0x0800 : 0x0808
        entries.append(Entry(name: name, bytes: bytes, crc: crc, offset: file.count))
        let zip64: [UInt8] = usesZip64 ? [1, 0, 16, 0] + [UInt8](repeating: 0, count: 16) : []
        let start = file.count + 30 + name.count + zip64.count + 4
        let padding = (alignment - start % alignment) % alignment
        file += [0x50, 0x4B, 3, 4, 0, 0] + LittleEndianBytes.of(flags) + [UInt8](repeating: 0, count: 18)
        file +=
            LittleEndianBytes.of(UInt16(name.count)) + LittleEndianBytes.of(UInt16(zip64.count + 4 + padding)) + name
        file += zip64 + [0x46, 0x42] + LittleEndianBytes.of(UInt16(padding)) + [UInt8](repeating: 0x5A, count: padding)
        file += bytes
        if bytes.isEmpty { return }
        let size = usesZip64 ? LittleEndianBytes.of(UInt64(bytes.count)) : LittleEndianBytes.of(UInt32(bytes.count))
        file += [0x50, 0x4B, 7, 8] + LittleEndianBytes.of(crc) + size + size
    }

    /// What torch combines into the serialization id, of the records so far.
    package var combinedCRC: UInt64 {
        var value: UInt64 = 0
        for entry in entries where !entry.bytes.isEmpty {
            if entry.bytes.count >= 8, entry.bytes.starts(with: [0x50, 0x4B, 7, 8]) {
                let embedded = entry.bytes[4..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                value ^= embedded &+ 0x9E37_79B9 &+ (value << 6) &+ (value >> 2)
            }
            value ^= UInt64(entry.crc) &+ 0x9E37_79B9 &+ (value << 6) &+ (value >> 2)
        }
        return value
    }

    package func finished() -> [UInt8] {
        var result = file
        let start = UInt64(result.count)
        for entry in entries {
            let size = LittleEndianBytes.of(UInt32(entry.bytes.count))
            let flags: UInt16 = entry.bytes.isEmpty ? 0x0800 : 0x0808
            let extra =
                usesZip64
                ? [1, 0, 24, 0] + LittleEndianBytes.of(UInt64(entry.bytes.count))
                    + LittleEndianBytes.of(UInt64(entry.bytes.count)) + LittleEndianBytes.of(UInt64(entry.offset)) : []
            let saturated = [UInt8](repeating: 0xFF, count: 4)
            result += [0x50, 0x4B, 1, 2, 0, 0, 0, 0] + LittleEndianBytes.of(flags) + [0, 0, 0, 0, 0, 0]
            result += LittleEndianBytes.of(entry.crc) + (usesZip64 ? saturated + saturated : size + size)
            result += LittleEndianBytes.of(UInt16(entry.name.count)) + LittleEndianBytes.of(UInt16(extra.count))
            result += [UInt8](repeating: 0, count: 10)
            result += (usesZip64 ? saturated : LittleEndianBytes.of(UInt32(entry.offset))) + entry.name + extra
        }
        let end = UInt64(result.count)
        let count = UInt64(entries.count)
        result += [0x50, 0x4B, 6, 6] + LittleEndianBytes.of(UInt64(44)) + LittleEndianBytes.of(UInt16(798))
        result += LittleEndianBytes.of(UInt16(45)) + [UInt8](repeating: 0, count: 8)
        result += LittleEndianBytes.of(count) + LittleEndianBytes.of(count)
        result += LittleEndianBytes.of(end - start) + LittleEndianBytes.of(start)
        result += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + LittleEndianBytes.of(end) + [1, 0, 0, 0]
        result +=
            [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + LittleEndianBytes.of(UInt16(count)) + LittleEndianBytes.of(UInt16(count))
        return result + LittleEndianBytes.of(UInt32(end - start)) + LittleEndianBytes.of(UInt32(start)) + [0, 0]
    }
}
