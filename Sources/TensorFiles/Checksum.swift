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

    /// The CRC-32 (zlib's) of bytes in memory.
    package static func crc32(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes {
            UInt32(truncatingIfNeeded: CZlib.crc32_z(0, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count))
        }
    }
}
