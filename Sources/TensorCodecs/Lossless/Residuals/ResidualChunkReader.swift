/// Reads a chunk: what `ResidualChunkWriter` writes. First it is told of all its elements what predicts them, then it
/// reads the chunk's sections, then it restores the words.
final class ResidualChunkReader {
    /// Elements of a chunk; all but a group's last have so many.
    static let limit = 1 << 18

    private(set) var count = 0
    /// A bit for each class that occurs.
    private var occurring: UInt64 = 0
    private var packedLevels: ArraySlice<UInt8> = []
    private var smallExponents: [Int32] = []
    private var usedSmallExponents = 0
    private var memory: UnsafeMutableRawBufferPointer
    /// The raw bits, as far as they have not been read.
    var source: UncheckedBitReader

    /// Signed cells of the predictions, exponents of the cell sizes, classes, levels: one of each for every element.
    let cells: UnsafeMutablePointer<Int32>
    let sizes: UnsafeMutablePointer<Int8>
    let classes: UnsafeMutablePointer<UInt8>
    let levels: UnsafeMutablePointer<Int8>
    let planes = ResidualPlanes()

    init(capacity: Int) {
        // Whole vectors are loaded and stored wherever a block begins.
        let padded = capacity + Lanes.count
        cells = .allocate(capacity: padded)
        sizes = .allocate(capacity: capacity)
        classes = .allocate(capacity: capacity)
        levels = .allocate(capacity: capacity)
        let start = UnsafeMutableRawPointer.allocate(byteCount: UncheckedBitReader.margin, alignment: 8)
        memory = UnsafeMutableRawBufferPointer(start: start, count: UncheckedBitReader.margin)
        source = UncheckedBitReader(start, byteCount: 0)
    }

    deinit {
        cells.deallocate()
        sizes.deallocate()
        classes.deallocate()
        levels.deallocate()
        memory.deallocate()
    }

    /// Forgets the chunk before.
    func begin() { (count, occurring) = (0, 0) }

    /// Adds elements with what predicts them.
    func append(_ block: ResidualBlock, _ format: FloatFormat, _ rule: ResidualKernel.Classes) {
        ResidualKernel.prepare(block, format, rule, at: count, of: self)
        var occurring: UInt64 = 0
        for i in count..<count + block.count { occurring |= 1 &<< UInt64(classes[i]) }
        self.occurring |= occurring
        count += block.count
    }

    /// Reads the chunk's sections; levels are still packed.
    /// - Throws: `.corrupt`.
    func read(_ reader: inout ByteReader) throws(CodecError) {
        packedLevels = try Self.section(&reader, "levels")
        let smallCount = try reader.readCount(upTo: count, "count of small exponents")
        smallExponents = try RansCoder.decode(
            Array(try Self.section(&reader, "small exponents")), classes: [UInt8](repeating: 0, count: smallCount))
        usedSmallExponents = 0
        let bits = try Self.section(&reader, "raw bits")
        if memory.count < bits.count + UncheckedBitReader.margin {
            memory.deallocate()
            // Some more, for the chunks that come are nearly as long.
            let room = bits.count + bits.count / 8 + UncheckedBitReader.margin
            memory = UnsafeMutableRawBufferPointer(start: .allocate(byteCount: room, alignment: 8), count: room)
        }
        bits.withUnsafeBytes { memory.copyMemory(from: $0) }
        let behind = UnsafeMutableRawBufferPointer(
            rebasing: memory[bits.count..<bits.count + UncheckedBitReader.margin])
        behind.initializeMemory(as: UInt8.self, repeating: 0)
        if let start = memory.baseAddress { source = UncheckedBitReader(start, byteCount: bits.count) }
    }

    /// Unpacks the levels of chunks that have been read, side by side.
    /// - Throws: `.corrupt`.
    static func unpack(_ chunks: [ResidualChunkReader]) throws(CodecError) {
        var decoders: [ByteLevelDecoder] = []
        for chunk in chunks {
            let classes = UnsafeBufferPointer(start: chunk.classes, count: chunk.count)
            let decoder = try ByteLevelDecoder(
                chunk.packedLevels, classes, occurring: chunk.occurring, into: chunk.levels)
            if let decoder { decoders.append(decoder) }
        }
        try ByteLevelDecoder.decode(decoders)
    }

    /// Restores the words of the next elements.
    /// - Throws: `.corrupt`.
    func restore(_ range: Range<Int>, _ format: FloatFormat, to block: ResidualBlock) throws(CodecError) {
        guard ResidualKernel.decode(self, range, format, to: block) else {
            throw .corrupt("levels of residuals that mean nothing")
        }
    }

    /// - Throws: `.corrupt` unless everything that was read has been used.
    func finish() throws(CodecError) {
        guard source.isWhole, usedSmallExponents == smallExponents.count else {
            throw .corrupt("residuals that do not end as they must")
        }
    }

    /// The next small exponent, if there is one left.
    func nextSmallExponent() -> Int32? {
        guard usedSmallExponents < smallExponents.count else { return nil }
        defer { usedSmallExponents += 1 }
        return smallExponents[usedSmallExponents]
    }

    private static func section(
        _ reader: inout ByteReader, _ name: StaticString
    ) throws(CodecError) -> ArraySlice<UInt8> {
        try reader.readBytes(try reader.readCount(upTo: reader.remaining, name))
    }
}
