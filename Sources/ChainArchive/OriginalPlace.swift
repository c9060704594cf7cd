import TensorFiles

/// Where a tensor that was stored exactly stands in its checkpoint, which is open anyway: what is kept of it for the next
/// step instead of its bytes.
struct OriginalPlace: Sendable {
    let source: any ByteSource
    let range: Range<UInt64>
    /// Of the bytes that were stored.
    let hash: Hash128

    /// - Throws: `.sourceChanged` where other bytes stand there now; what reading throws.
    func read() throws(VarveError) -> [UInt8] {
        let bytes = try source.bytesOnce(at: range.lowerBound, count: range.count)
        guard Hash128(bytes) == hash else {
            throw VarveError(
                .sourceChanged, "changed after it was compressed, while the next step was", file: source.name,
                offset: range.lowerBound)
        }
        return bytes
    }
}
