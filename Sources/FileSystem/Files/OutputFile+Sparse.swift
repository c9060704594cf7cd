import Glibc

extension OutputFile {
    /// Holes begin and end with the blocks of the file system.
    private static let page = 4096

    /// Writes bytes into a part of the file that was never written; whole pages of zeros stay holes.
    package func writeSparse(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) {
        // The end of the run of pages that are not zero, and its beginning.
        var start = 0, position = 0
        while position < bytes.count {
            let toPage = Self.page - Int((offset + UInt64(position)) % UInt64(Self.page))
            let end = min(bytes.count, position + toPage)
            if UnsafeRawBufferPointer(rebasing: bytes[position..<end]).isConstant(0) {
                try write(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: offset + UInt64(start))
                start = end
            }
            position = end
        }
        try write(UnsafeRawBufferPointer(rebasing: bytes[start...]), at: offset + UInt64(start))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether every byte is `value`.
    package func isConstant(_ value: UInt8) -> Bool {
        guard let first else { return true }
        guard let base = baseAddress, first == value else { return false }
        return memcmp(base, base + 1, count - 1) == 0
    }
}
