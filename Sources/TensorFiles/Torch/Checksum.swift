package import FileSystem
import CZlib

/// Checksums of file contents.
package enum Checksum {
    /// The CRC-32 (zlib's) of a range, read in blocks.
    package static func crc32(of source: any ByteSource, _ range: Range<UInt64>) throws(VarveError) -> UInt32 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var value = CZlib.crc32(0, nil, 0)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(buffer.count, Int(clamping: range.upperBound - offset))
            let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try source.read(at: offset, into: block)
            value = CZlib.crc32(value, block.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(count))
            offset += UInt64(count)
        }
        return UInt32(truncatingIfNeeded: value)
    }

    /// The same of a range whose pieces are known in part; the others are read.
    /// - Parameter known: CRCs of ranges that do not overlap, in ascending order.
    static func crc32(
        of source: any ByteSource, _ range: Range<UInt64>, known: ArraySlice<(range: Range<UInt64>, crc: UInt32)>
    ) throws(VarveError) -> UInt32 {
        var value = CZlib.crc32(0, nil, 0), offset = range.lowerBound
        func add(_ crc: UInt32, _ count: Int) {
            value = CZlib.crc32_combine(value, uLong(crc), count)
            offset += UInt64(count)
        }
        for piece in known where piece.range.lowerBound >= offset && piece.range.upperBound <= range.upperBound {
            let gap = offset..<piece.range.lowerBound
            if !gap.isEmpty { add(try crc32(of: source, gap), gap.count) }
            add(piece.crc, piece.range.count)
        }
        let rest = offset..<range.upperBound
        if !rest.isEmpty { add(try crc32(of: source, rest), rest.count) }
        return UInt32(truncatingIfNeeded: value)
    }

    /// The CRC-32 (zlib's) of bytes in memory.
    package static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(
            truncatingIfNeeded: CZlib.crc32_z(
                0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    package static func crc32(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { crc32($0) } }
}
