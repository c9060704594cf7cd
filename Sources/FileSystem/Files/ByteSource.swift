/// Bytes at offsets: a file, a part of one, or memory.
///
/// Reading is positional and safe from several threads at once.
package protocol ByteSource: Sendable {
    /// What to call it in errors, normally the path.
    var name: String { get }
    var byteCount: UInt64 { get }
    /// Fills `buffer` with the bytes from `offset` on.
    /// - Throws: `.truncated` where the source ends before the buffer is full; `.inputOutput`.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError)
    /// The same, for bytes that nobody will ask for again soon.
    func readOnce(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError)
    /// Says that a range will be read soon. Returns at once.
    func prefetch(_ range: Range<UInt64>)
    /// Whether it is known without reading that all bytes of the range are zero.
    func isHole(_ range: Range<UInt64>) -> Bool
}

extension ByteSource {
    package func prefetch(_ range: Range<UInt64>) {}

    package func isHole(_ range: Range<UInt64>) -> Bool { false }

    package func readOnce(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        try read(at: offset, into: buffer)
    }

    /// `count` bytes from `offset` on. Checked against `byteCount` before anything is allocated.
    package func bytes(at offset: UInt64, count: Int) throws(VarveError) -> [UInt8] {
        try bytes(at: offset, count: count) { (buffer) throws(VarveError) in try read(at: offset, into: buffer) }
    }

    /// The same, for bytes that nobody will ask for again soon.
    package func bytesOnce(at offset: UInt64, count: Int) throws(VarveError) -> [UInt8] {
        try bytes(at: offset, count: count) { (buffer) throws(VarveError) in try readOnce(at: offset, into: buffer) }
    }

    private func bytes(
        at offset: UInt64, count: Int, reading: (UnsafeMutableRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) -> [UInt8] {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(max(0, count)))
        guard count >= 0, !overflow, end <= byteCount else {
            throw VarveError(
                .truncated, "\(count) bytes wanted, but the file has \(byteCount) bytes", file: name, offset: offset)
        }
        var failure: VarveError?
        let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(VarveError) {
                try reading(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
                initialized = count
            } catch {
                failure = error
                initialized = 0
            }
        }
        if let failure { throw failure }
        return result
    }
}

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

/// A byte source over an array.
package struct MemorySource: ByteSource {
    package let name: String
    package let content: [UInt8]
    package var byteCount: UInt64 { UInt64(content.count) }

    package init(_ content: [UInt8], name: String = "memory") {
        self.content = content
        self.name = name
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            throw VarveError(
                .truncated, "\(buffer.count) bytes wanted, but there are \(byteCount)", file: name, offset: offset)
        }
        content.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + buffer.count]))
        }
    }
}
