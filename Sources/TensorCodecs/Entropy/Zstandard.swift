import CZstd
import Synchronization

/// Single zstd frames with recorded content size and no checksum. One thread; the same input gives the same bytes.
package enum Zstandard {
    /// Prefixes above this size are searched by long-distance matching too.
    private static let longPrefix = 1 << 20

    /// Compresses `bytes` into one frame.
    /// - Parameters:
    ///   - level: libzstd's level; 1 is fast, 19 slow.
    ///   - prefix: bytes the decoder will have too; matches may reach into all of it.
    package static func compress(
        _ bytes: UnsafeRawBufferPointer, level: Int32, prefix: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) -> [UInt8] {
        var parameters = [(ZSTD_c_compressionLevel, level)]
        if let prefix, prefix.count > 0 {
            parameters.append((ZSTD_c_windowLog, windowLog(bytes.count + prefix.count)))
            // The tables of a level hold the last part of a long prefix only; long-distance matching sees all of it.
            if prefix.count > longPrefix { parameters.append((ZSTD_c_enableLongDistanceMatching, 1)) }
        }
        return try compress(bytes, parameters, prefix: prefix)
    }

    /// Huffman coding alone, in blocks of 128 KiB: the match finder is out of the way and literal compression forced
    /// on. For symbol streams without repetitions.
    package static func huffmanOnly(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> [UInt8] {
        // ZSTD_c_experimentalParam5 is ZSTD_c_literalCompressionMode, a macro that Swift does not import.
        try compress(
            bytes,
            [
                (ZSTD_c_compressionLevel, ZSTD_minCLevel()),
                (ZSTD_c_windowLog, 17),
                (ZSTD_c_hashLog, 6),
                (ZSTD_c_experimentalParam5, Int32(ZSTD_ps_enable.rawValue)),
            ], prefix: nil)
    }

    /// Decompresses one frame that must hold exactly `count` bytes.
    /// - Throws: `.corrupt` if the frame declares another size (before anything is allocated), an oversized window, a
    ///   dictionary, if anything follows it, or if it is damaged.
    package static func decompress(
        _ bytes: UnsafeRawBufferPointer, count: Int, prefix: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) -> [UInt8] {
        try check(bytes, count: count, prefixCount: prefix?.count ?? 0)
        var failure: CodecError?
        let output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(CodecError) {
                try decode(
                    bytes,
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]),
                    prefix)
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }

    /// Decompresses one frame that must fill `output` exactly.
    /// - Throws: as `decompress(_:count:prefix:)`; `output` may then hold anything.
    package static func decompress(
        _ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        prefix: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) {
        try check(bytes, count: output.count, prefixCount: prefix?.count ?? 0)
        try decode(bytes, into: output, prefix)
    }

    /// Smallest window that spans `count` bytes, within what libzstd takes.
    private static func windowLog(_ count: Int) -> Int32 {
        let needed = Int.bitWidth - max(count - 1, 1).leadingZeroBitCount
        return Int32(min(max(needed, 10), Int(ZSTD_WINDOWLOG_MAX_64)))
    }

    private static func compress(
        _ bytes: UnsafeRawBufferPointer, _ parameters: [(ZSTD_cParameter, Int32)], prefix: UnsafeRawBufferPointer?
    ) throws(CodecError) -> [UInt8] {
        try ZstandardContext.withContext { context throws(CodecError) in
            for (parameter, value) in parameters {
                try succeed(ZSTD_CCtx_setParameter(context.compressor, parameter, value))
            }
            if let prefix, prefix.count > 0 {
                try succeed(ZSTD_CCtx_refPrefix(context.compressor, prefix.baseAddress, prefix.count))
            }
            var result = 0
            let output = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, filled in
                result = ZSTD_compress2(
                    context.compressor, buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count)
                filled = ZSTD_isError(result) != 0 ? 0 : result
            }
            try succeed(result)
            return output
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ prefix: UnsafeRawBufferPointer?
    ) throws(CodecError) {
        try ZstandardContext.withContext { context throws(CodecError) in
            if let prefix, prefix.count > 0 {
                try succeed(ZSTD_DCtx_refPrefix(context.decompressor, prefix.baseAddress, prefix.count))
            }
            let written = try succeed(
                ZSTD_decompressDCtx(
                    context.decompressor, output.baseAddress, output.count, bytes.baseAddress, bytes.count))
            guard written == output.count else {
                throw .corrupt("a zstd frame holds \(written) bytes, \(output.count) were expected")
            }
        }
    }

    /// Everything that can be known from the frame's header and block sizes.
    private static func check(_ bytes: UnsafeRawBufferPointer, count: Int, prefixCount: Int) throws(CodecError) {
        var header = ZSTD_frameHeader()
        guard ZSTD_getFrameHeader(&header, bytes.baseAddress, bytes.count) == 0 else {
            throw .corrupt("no zstd frame")
        }
        guard header.frameType == ZSTD_frame, header.dictID == 0 else {
            throw .corrupt("a zstd frame of another kind than expected")
        }
        guard header.frameContentSize == UInt64(count) else {
            throw .corrupt("a zstd frame declares another size than the \(count) bytes expected")
        }
        // The decoder writes straight into the output, so a window costs no memory; a frame that asks for more than
        // its content and prefix is still none of ours.
        guard header.windowSize <= UInt64(1) << UInt64(max(windowLog(count + prefixCount), 17)) else {
            throw .corrupt("a zstd frame asks for a window of \(header.windowSize) bytes")
        }
        guard ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count else {
            throw .corrupt("a zstd frame is cut off or followed by other bytes")
        }
    }

    /// The value libzstd returned, or its error.
    @discardableResult
    private static func succeed(_ code: Int) throws(CodecError) -> Int {
        guard ZSTD_isError(code) != 0 else { return code }
        let text = String(cString: ZSTD_getErrorName(code))
        switch ZSTD_getErrorCode(code) {
        case ZSTD_error_memory_allocation: throw CodecError(.outOfMemory, "zstd: \(text)")
        case ZSTD_error_parameter_unsupported, ZSTD_error_parameter_outOfBound,
            ZSTD_error_parameter_combination_unsupported:
            throw CodecError(.invalidArgument, "zstd: \(text)")
        default: throw .corrupt("zstd: \(text)")
        }
    }
}

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
