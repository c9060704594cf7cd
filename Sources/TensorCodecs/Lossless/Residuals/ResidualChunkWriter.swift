/// Writes a chunk: a section of levels, one of small exponents, one of raw bits. Blocks are added until the chunk is
/// full; then it is written and can be filled again.
final class ResidualChunkWriter {
    /// Elements, and bits of each piece that was ended.
    private var count = 0
    private var pieces: [(count: Int, bits: Int)] = []
    private let levels: UnsafeMutablePointer<Int8>
    private let classes: UnsafeMutablePointer<UInt8>
    private let bytes: UnsafeMutableRawPointer
    private var sink: UncheckedBitWriter
    /// Of elements whose cell is 0, in order.
    let smallExponents: UnsafeMutablePointer<Int32>
    var smallCount = 0

    let planes: ResidualPlanes
    /// Whether an element of the block has more than 32 raw bits.
    var hasLongOnes = false

    /// - Parameters:
    ///   - capacity: elements of the chunk.
    ///   - block: elements of a block.
    init(capacity: Int, block: Int = ResidualBlock.size) {
        levels = .allocate(capacity: capacity)
        classes = .allocate(capacity: capacity)
        smallExponents = .allocate(capacity: capacity + 1)
        // An element has at most 54 raw bits.
        bytes = .allocate(byteCount: capacity * 7 + 8, alignment: 8)
        sink = UncheckedBitWriter(bytes)
        planes = ResidualPlanes(capacity: block)
    }

    deinit {
        levels.deallocate()
        classes.deallocate()
        smallExponents.deallocate()
        bytes.deallocate()
    }

    /// Adds what the kernel has left of a block.
    func take(_ added: Int) {
        let levels = levels + count, classes = classes + count
        for i in 0..<added { levels[i] = Int8(truncatingIfNeeded: planes.levels[i]) }
        for i in 0..<added { classes[i] = UInt8(truncatingIfNeeded: planes.classes[i]) }
        // Local, for what is written through pointers might be this for all the compiler knows.
        var output = sink
        let rawBits = planes.rawBits, counts = planes.bitCounts
        let longestPair = hasLongOnes ? -1 : UncheckedBitWriter.longest
        hasLongOnes = false
        var i = 0
        while i &+ 1 < added {
            // Two elements at once where they have room in one number, as nearly always.
            let bits = counts[i] &+ counts[i &+ 1]
            if bits <= longestPair {
                output.append(
                    UInt64(rawBits[i]) | UInt64(rawBits[i &+ 1]) &<< UInt64(bitPattern: Int64(counts[i])), bits)
            } else {
                output.append(self.bits(i), counts[i])
                output.append(self.bits(i &+ 1), counts[i &+ 1])
            }
            i &+= 2
        }
        if i < added { output.append(self.bits(i), counts[i]) }
        sink = output
        count += added
    }

    /// All raw bits of an element.
    private func bits(_ i: Int) -> UInt64 {
        UInt64(planes.rawBits[i]) | (planes.bitCounts[i] > 32 ? UInt64(planes.moreRawBits[i]) << 32 : 0)
    }

    /// Ends a piece of the chunk: what was added since the last one counts as one tensor's.
    func endPiece() {
        let before = pieces.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.bits) }
        pieces.append((count - before.0, sink.bitCount - before.1))
    }

    /// Writes the chunk and starts the next one.
    /// - Returns: bits for each piece, nearly: what it takes of the chunk.
    func finish(to writer: inout ByteWriter) throws(CodecError) -> [UInt64] {
        let stream = ByteLevels(
            levels: UnsafeBufferPointer(start: levels, count: count),
            classes: UnsafeBufferPointer(start: classes, count: count))
        let packed = try stream.packed(segments: pieces.map(\.count))
        writer.append(varint: packed.bytes.count)
        writer.append(contentsOf: packed.bytes)
        let exponents = Array(UnsafeBufferPointer(start: smallExponents, count: smallCount))
        let small = try RansCoder.encode(
            exponents, classes: [UInt8](repeating: 0, count: smallCount), segments: [smallCount])
        writer.append(varint: smallCount)
        writer.append(varint: small.bytes.count)
        writer.append(contentsOf: small.bytes)
        writer.append(varint: sink.byteCount)
        writer.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: sink.byteCount))
        let bits = zip(packed.shares, pieces).map { UInt64($0 * 8 + $1.bits + 1) }
        (count, smallCount, pieces, sink) = (0, 0, [], UncheckedBitWriter(bytes))
        return bits
    }
}
