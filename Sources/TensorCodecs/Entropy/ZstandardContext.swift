import CZstd
import Synchronization

/// One libzstd compression and one decompression context, reused from call to call.
///
/// A context belongs to one call at a time; the pool hands it out and takes it back. Reuse changes no output byte:
/// all parameters are set anew for every frame.
final class ZstandardContext: @unchecked Sendable {
    let compressor: OpaquePointer
    let decompressor: OpaquePointer

    /// - Throws: `.outOfMemory`.
    init() throws(CodecError) {
        guard let compressor = ZSTD_createCCtx() else {
            throw CodecError(.outOfMemory, "no memory for a zstd compression context")
        }
        guard let decompressor = ZSTD_createDCtx() else {
            ZSTD_freeCCtx(compressor)
            throw CodecError(.outOfMemory, "no memory for a zstd decompression context")
        }
        self.compressor = compressor
        self.decompressor = decompressor
    }

    deinit {
        ZSTD_freeCCtx(compressor)
        ZSTD_freeDCtx(decompressor)
    }

    /// Contexts that no call uses now. More than this many, or larger ones, are freed rather than kept.
    private static let idle = Mutex<[ZstandardContext]>([])
    private static let idleLimit = 32
    private static let keptSize = 48 << 20

    /// Runs `body` with a context of its own.
    static func withContext<Result>(
        _ body: (ZstandardContext) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        let context: ZstandardContext
        if let waiting = idle.withLock({ $0.popLast() }) {
            context = waiting
        } else {
            context = try ZstandardContext()
        }
        defer {
            _ = ZSTD_CCtx_reset(context.compressor, ZSTD_reset_session_and_parameters)
            _ = ZSTD_DCtx_reset(context.decompressor, ZSTD_reset_session_and_parameters)
            if ZSTD_sizeof_CCtx(context.compressor) <= keptSize {
                idle.withLock { if $0.count < idleLimit { $0.append(context) } }
            }
        }
        return try body(context)
    }
}
