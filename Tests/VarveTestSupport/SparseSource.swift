package import FileSystem

/// A huge byte source of few bytes: some segments, zero in between.
package struct SparseSource: ByteSource {
    package let name = "sparse"
    package let byteCount: UInt64
    /// Ascending, without overlap.
    private let segments: [(offset: UInt64, bytes: [UInt8])]

    package init(_ segments: [(offset: UInt64, bytes: [UInt8])], byteCount: UInt64) {
        self.segments = segments
        self.byteCount = byteCount
    }

    /// A zip file of `ZipWriter` (with `usesZip64`) whose second record moves up by `shift` bytes; the offsets behind it
    /// are corrected.
    /// - Parameters:
    ///   - dataOffset: where the data of that record begins.
    ///   - record: its name.
    package init(widening file: [UInt8], at dataOffset: UInt64, localHeader record: String, by shift: UInt64) {
        let name = Array(record.utf8)
        var file = file
        func number(at offset: Int) -> UInt64 {
            file[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        func move(at offset: Int) {
            file.replaceSubrange(offset..<offset + 8, with: LittleEndianBytes.of(number(at: offset) + shift))
        }
        let end = file.count - 22
        let zip64 = end - 20 - 56
        // The last entry of the directory is the record's, its extra field ends with the offset.
        move(at: zip64 - 8)
        move(at: zip64 + 48)
        move(at: end - 20 + 8)
        file.replaceSubrange(end + 16..<end + 20, with: [0xFF, 0xFF, 0xFF, 0xFF])
        let headers = file.indices.filter {
            file[$0...].starts(with: [0x50, 0x4B, 3, 4]) && file[($0 + 30)...].starts(with: name)
        }
        let cut = headers.first ?? Int(dataOffset)
        self.init(
            [(0, Array(file[..<cut])), (UInt64(cut) + shift, Array(file[cut...]))],
            byteCount: UInt64(file.count) + shift)
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            throw VarveError(.truncated, "beyond the end", file: name, offset: offset)
        }
        for index in buffer.indices { buffer[index] = 0 }
        for (start, bytes) in segments {
            let lower = max(start, offset)
            let upper = min(start + UInt64(bytes.count), offset + UInt64(buffer.count))
            guard lower < upper else { continue }
            for position in lower..<upper { buffer[Int(position - offset)] = bytes[Int(position - start)] }
        }
    }
}
