/// A part of another source, as a source of its own: offset 0 is the part's first byte.
package struct SliceSource: ByteSource {
    package let base: any ByteSource
    package let start: UInt64
    package let byteCount: UInt64
    package var name: String { base.name }

    /// - Throws: `.truncated` where `range` exceeds the base.
    package init(_ base: any ByteSource, _ range: Range<UInt64>) throws(VarveError) {
        guard range.upperBound <= base.byteCount else {
            throw VarveError(
                .truncated, "a part ends at byte \(range.upperBound), but the file has \(base.byteCount) bytes",
                file: base.name, offset: range.lowerBound)
        }
        self.base = base
        self.start = range.lowerBound
        self.byteCount = range.upperBound - range.lowerBound
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            throw VarveError(
                .truncated, "\(buffer.count) bytes wanted, but the part has \(byteCount)", file: name,
                offset: start + min(offset, byteCount))
        }
        try base.read(at: start + offset, into: buffer)
    }

    package func prefetch(_ range: Range<UInt64>) {
        guard range.upperBound <= byteCount else { return }
        base.prefetch(start + range.lowerBound..<start + range.upperBound)
    }
}
