import TensorFiles

/// Where a tensor stands in a file that is there anyway, a checkpoint that was stored exactly or one that was just
/// restored: what is kept of it for the next step instead of its bytes.
struct OriginalPlace: Sendable {
    let source: any ByteSource
    let range: Range<UInt64>
    /// Of the bytes that stood there.
    let hash: Hash128

    /// - Throws: `.sourceChanged` where other bytes stand there now; what reading throws.
    func read() throws(VarveError) -> [UInt8] {
        let bytes = try source.bytesOnce(at: range.lowerBound, count: range.count)
        guard Hash128(bytes) == hash else {
            throw VarveError(
                .sourceChanged, "changed while the step after it was worked on", file: source.name,
                offset: range.lowerBound)
        }
        return bytes
    }
}
