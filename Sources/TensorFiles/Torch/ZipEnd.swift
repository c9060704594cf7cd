import FileSystem

/// The end of a zip file: where its central directory lies and how many entries it has.
struct ZipEnd {
    private(set) var directory: Range<UInt64>
    private(set) var entryCount: UInt64

    /// - Throws: `.truncated` where there is no end record; `.malformed` where it contradicts the file.
    init(reading source: any ByteSource) throws(VarveError) {
        let size = source.byteCount
        // The end record, 22 bytes and a comment of up to 65535, stands at the very end; torch writes no comment.
        let tailCount = Int(min(size, 22 + 65535))
        var tail = try source.bytes(at: size - UInt64(min(tailCount, 22)), count: min(tailCount, 22))
        var position = Self.endRecord(in: tail)
        if position == nil, tailCount > 22 {
            tail = try source.bytes(at: size - UInt64(tailCount), count: tailCount)
            position = Self.endRecord(in: tail)
        }
        guard let position else {
            throw VarveError(
                .truncated, "zip: no end record, the file ends early or has bytes behind its end", file: source.name,
                offset: size)
        }
        let endOffset = size - UInt64(tail.count - position)
        func broken(_ message: String) -> VarveError {
            VarveError(.malformed, "zip: \(message)", file: source.name, offset: endOffset)
        }
        var count = UInt64(tail.littleEndian(UInt16.self, at: position + 10))
        var byteCount = UInt64(tail.littleEndian(UInt32.self, at: position + 12))
        var offset = UInt64(tail.littleEndian(UInt32.self, at: position + 16))
        var limit = endOffset
        if endOffset >= 20 {
            let locator = try source.bytes(at: endOffset - 20, count: 20)
            if locator.starts(with: [0x50, 0x4B, 6, 7]) {
                limit = locator.littleEndian(UInt64.self, at: 8)
                guard endOffset - 20 >= 56, limit <= endOffset - 76 else {
                    throw broken("the ZIP64 end record is out of place")
                }
                let record = try source.bytes(at: limit, count: 56)
                guard record.starts(with: [0x50, 0x4B, 6, 6]) else { throw broken("there is no ZIP64 end record") }
                let large = (
                    record.littleEndian(UInt64.self, at: 32), record.littleEndian(UInt64.self, at: 40),
                    record.littleEndian(UInt64.self, at: 48)
                )
                guard count == 0xFFFF || count == large.0, byteCount == 0xFFFF_FFFF || byteCount == large.1,
                    offset == 0xFFFF_FFFF || offset == large.2
                else { throw broken("the two end records disagree") }
                (count, byteCount, offset) = large
            }
        }
        guard offset <= limit, byteCount <= limit - offset else {
            throw broken("the central directory lies beyond its end record")
        }
        guard count <= byteCount / 46, byteCount <= UInt64(Int32.max) else {
            throw broken("\(count) entries in a central directory of \(byteCount) bytes")
        }
        directory = offset..<offset + byteCount
        entryCount = count
    }

    /// Where the last end record begins whose comment ends with the file.
    private static func endRecord(in tail: [UInt8]) -> Int? {
        guard tail.count >= 22 else { return nil }
        for position in stride(from: tail.count - 22, through: 0, by: -1)
        where tail[position] == 0x50 && tail[position + 1] == 0x4B && tail[position + 2] == 5 && tail[position + 3] == 6
        {
            if position + 22 + Int(tail.littleEndian(UInt16.self, at: position + 20)) == tail.count { return position }
        }
        return nil
    }
}
