/// The coded form of up to `limit` elements of a group: a section of levels, one of small exponents, one of raw bits.
enum ResidualChunk {
    /// Elements of a chunk; all but a group's last have so many.
    static let limit = 1 << 18

    /// A run of elements of one tensor in a chunk.
    struct Piece {
        /// Of the chunk's elements.
        var range: Range<Int>
        var format: FloatFormat
        /// Whether all predictions are 0.
        var isZero = false
    }

    /// - Returns: bits for each piece, nearly: what it takes of the chunk.
    static func encode(
        _ buffers: ResidualBuffers, _ pieces: [Piece], _ rule: ResidualKernel.Classes, to writer: inout ByteWriter
    ) throws(CodecError) -> [UInt64] {
        let count = buffers.count
        let classes = prepare(buffers, pieces, rule)
        var smallExponents: [Int32] = []
        var rawBits: [Int] = []
        var bytes: [UInt8] = []
        let levels = [Int32](unsafeUninitializedCapacity: count) { output, filled in
            guard let levels = output.baseAddress else { return }
            bytes = [UInt8](unsafeUninitializedCapacity: count * 8 + 8) { memory, used in
                guard let start = UnsafeMutableRawPointer(memory.baseAddress) else { return }
                smallExponents = [Int32](unsafeUninitializedCapacity: count) { small, next in
                    guard let small = small.baseAddress else { return }
                    var sink = BitSink(start)
                    for piece in pieces {
                        let before = sink.bitCount
                        ResidualKernel.encode(
                            buffers, piece.range, piece.format, levels: levels, sink: &sink, smallExponents: small,
                            next: &next)
                        rawBits.append(sink.bitCount - before)
                    }
                    used = sink.byteCount
                }
            }
            filled = count
        }
        let packed = try IndexPacking.encode(levels, classes: classes, segments: pieces.map(\.range.count), .quick)
        writer.append(varint: packed.bytes.count)
        writer.append(contentsOf: packed.bytes)
        let small = try IndexPacking.encode(
            smallExponents, classes: [UInt8](repeating: 0, count: smallExponents.count),
            segments: [smallExponents.count])
        writer.append(varint: smallExponents.count)
        writer.append(varint: small.bytes.count)
        writer.append(contentsOf: small.bytes)
        writer.append(varint: bytes.count)
        writer.append(contentsOf: bytes)
        return zip(packed.shares, rawBits).map { UInt64($0 * 8 + $1 + 1) }
    }

    /// Restores `buffers.words` from the predictions there.
    /// - Throws: `.corrupt`.
    static func decode(
        _ reader: inout ByteReader, _ buffers: ResidualBuffers, _ pieces: [Piece], _ rule: ResidualKernel.Classes
    ) throws(CodecError) {
        let count = buffers.count
        let classes = prepare(buffers, pieces, rule)
        let packed = try section(&reader, "levels")
        let levels = try IndexPacking.decode(Array(packed), classes: classes)
        let smallCount = try reader.readCount(upTo: count, "count of small exponents")
        let small = try IndexPacking.decode(
            Array(try section(&reader, "small exponents")), classes: [UInt8](repeating: 0, count: smallCount))
        let bits = try section(&reader, "raw bits")
        var padded: [UInt8] = []
        padded.reserveCapacity(bits.count + 8)
        padded += bits
        padded += [0, 0, 0, 0, 0, 0, 0, 0]
        var isSound = true, next = 0
        padded.withUnsafeBytes { padded in
            guard let start = padded.baseAddress else { return }
            var source = BitSource(start, byteCount: bits.count)
            levels.withUnsafeBufferPointer { levels in
                small.withUnsafeBufferPointer { small in
                    guard let levels = levels.baseAddress else { return }
                    for piece in pieces where isSound {
                        isSound = ResidualKernel.decode(
                            buffers, piece.range, piece.format, levels: levels, source: &source, smallExponents: small,
                            next: &next)
                    }
                }
            }
            isSound = isSound && source.isWhole
        }
        guard isSound, next == small.count else { throw reader.corrupt("residuals that do not end as they must") }
    }

    private static func prepare(
        _ buffers: ResidualBuffers, _ pieces: [Piece], _ rule: ResidualKernel.Classes
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: buffers.count) { output, filled in
            guard let base = output.baseAddress else { return }
            for piece in pieces {
                if piece.isZero {
                    ResidualKernel.prepareZero(buffers, piece.range, piece.format, rule, to: base)
                } else {
                    ResidualKernel.prepare(buffers, piece.range, piece.format, rule, to: base)
                }
            }
            filled = buffers.count
        }
    }

    private static func section(
        _ reader: inout ByteReader, _ name: StaticString
    ) throws(CodecError) -> ArraySlice<UInt8> {
        try reader.readBytes(try reader.readCount(upTo: reader.remaining, name))
    }
}
