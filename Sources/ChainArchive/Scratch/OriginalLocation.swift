import FileSystem

/// Where a tensor stands in a file that is there anyway, a checkpoint that was stored exactly or one that was just
/// restored: what is kept of it for the next step instead of its bytes.
struct OriginalLocation: Sendable {
    let source: any ByteSource
    let range: Range<UInt64>
    /// Of the bytes that stood there.
    let hash: Hash128

    /// - Throws: `.originalChanged` where other bytes stand there now, or none can be read.
    func read() throws(VarveError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(VarveError) {
            bytes = try source.bytesOnce(at: range.lowerBound, count: range.count)
        } catch {
            throw VarveError(
                .originalChanged, "it cannot be read any more", file: source.name, offset: range.lowerBound,
                cause: error)
        }
        guard Hash128(bytes) == hash else { throw changed }
        return bytes
    }

    /// Other bytes stand there now.
    var changed: VarveError {
        VarveError(
            .originalChanged, "changed while the step after it was worked on", file: source.name,
            offset: range.lowerBound)
    }

    /// Reads a part, which is compared with nothing.
    /// - Throws: `.originalChanged` where the file is seen to be another one; what reading throws.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        let position = range.lowerBound + UInt64(offset)
        do throws(VarveError) {
            try source.read(at: position, into: buffer)
        } catch  where error.code == .sourceChanged {
            // Not a file of the step that is being compressed, of which that code would speak.
            throw VarveError(
                .originalChanged, "it is not any more what it was", file: source.name, offset: position, cause: error)
        }
    }
}
