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
}

extension ByteSource {
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
