/// Collects records block by block; runs of equal kind become one record.
struct ExactEncoder {
    private let elementSize: Int
    private var writer = ByteWriter()
    /// Kind and number of the blocks not written yet, and the bytes of raw ones.
    private var open: (kind: ExactCodec.RecordKind, count: Int, bytes: [UInt8]) = (.same, 0, [])

    init(elementSize: Int) {
        self.elementSize = elementSize
    }

    /// Adds the next block, of `ExactCodec.blockSize` bytes unless it is the last one.
    mutating func append(_ block: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer?) throws(CodecError) {
        if let predecessor, block.isEqual(to: predecessor) { return add(.same, block) }
        var record = ByteWriter()
        try writeCoded(block, predecessor: predecessor, to: &record)
        // The margin pays for the headers of the raw records around it.
        guard record.count + 16 < block.count else { return add(.raw, block) }
        flush()
        writer.append(contentsOf: record.bytes)
    }

    /// All records.
    consuming func finish() -> [UInt8] {
        flush()
        return writer.bytes
    }

    private mutating func add(_ kind: ExactCodec.RecordKind, _ block: UnsafeRawBufferPointer) {
        if open.kind != kind { flush() }
        open.kind = kind
        open.count += 1
        if kind == .raw { open.bytes.append(contentsOf: block) }
    }

    private mutating func flush() {
        guard open.count > 0 else { return }
        writer.append(varint: open.kind.rawValue | UInt64(open.count) << 2)
        writer.append(contentsOf: open.bytes)
        open.count = 0
        open.bytes = []
    }

    private func writeCoded(
        _ block: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer?, to record: inout ByteWriter
    ) throws(CodecError) {
        let whole = block.count / elementSize * elementSize
        let body = UnsafeRawBufferPointer(rebasing: block[..<whole])
        let old = predecessor.map { UnsafeRawBufferPointer(rebasing: $0[..<whole]) }
        let transform = old.map { choose(body, $0) } ?? .plain
        record.append(varint: ExactCodec.RecordKind.coded.rawValue | transform.rawValue << 2)
        let planes = planes(body, old, transform)
        let count = whole / elementSize
        for plane in 0..<elementSize where count > 0 {
            var failure: CodecError?
            planes.withUnsafeBufferPointer { planes in
                do throws(CodecError) {
                    try PlaneStream.write(
                        UnsafeBufferPointer(rebasing: planes[plane * count..<(plane + 1) * count]), to: &record)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        record.append(contentsOf: UnsafeRawBufferPointer(rebasing: block[whole...]))
    }

    private func planes(
        _ block: UnsafeRawBufferPointer, _ predecessor: UnsafeRawBufferPointer?, _ transform: ExactCodec.Transform
    ) -> [UInt8] {
        var transformed: [UInt8] = []
        if let predecessor, transform != .plain {
            transformed = [UInt8](unsafeUninitializedCapacity: block.count) { output, filled in
                let output = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(output)[..<block.count])
                ExactKernel.transform(transform, block, predecessor, size: elementSize, to: output)
                filled = block.count
            }
        }
        return [UInt8](unsafeUninitializedCapacity: block.count) { output, filled in
            let output = UnsafeMutableBufferPointer(rebasing: output[..<block.count])
            if transformed.isEmpty {
                ExactKernel.split(block, size: elementSize, to: output)
            } else {
                transformed.withUnsafeBytes { ExactKernel.split($0, size: elementSize, to: output) }
            }
            filled = block.count
        }
    }

    /// The transform whose planes cost least on a sample of 2^15 bytes from the middle.
    private func choose(_ block: UnsafeRawBufferPointer, _ predecessor: UnsafeRawBufferPointer) -> ExactCodec.Transform
    {
        let size = min(block.count, 1 << 15)
        let start = (block.count - size) / 2 / elementSize * elementSize
        let sample = UnsafeRawBufferPointer(rebasing: block[start..<start + size])
        let old = UnsafeRawBufferPointer(rebasing: predecessor[start..<start + size])
        var best = ExactCodec.Transform.plain
        var least = UInt64.max
        for transform in ExactCodec.Transform.allCases {
            let planes = planes(sample, old, transform)
            let count = size / elementSize
            let cost = planes.withUnsafeBufferPointer { planes in
                (0..<elementSize).reduce(UInt64(0)) { sum, plane in
                    sum
                        + SymbolHistogram(UnsafeBufferPointer(rebasing: planes[plane * count..<(plane + 1) * count]))
                        .huffmanEstimate
                }
            }
            if cost < least { (best, least) = (transform, cost) }
        }
        return best
    }
}

/// One byte plane of a block in the smallest of its forms: a `ByteStream`, whose coded form may hold any zstd frame.
/// What compresses a plane is decided on a sample: matches, Huffman coding alone, or nothing.
enum PlaneStream {
    /// Level for planes with repetitions.
    private static let level: Int32 = 3
    private static let sampleSize = 1 << 14

    static func write(_ plane: UnsafeBufferPointer<UInt8>, to writer: inout ByteWriter) throws(CodecError) {
        let raw = UnsafeRawBufferPointer(plane)
        let histogram = SymbolHistogram(plane)
        guard !histogram.counts.contains(plane.count) || plane.count < 2 else {
            return ByteStream.writeConstant(plane[0], to: &writer)
        }
        let huffman = Int(histogram.huffmanEstimate / FixedLog2.one / 8)
        let start = plane.count > sampleSize ? (plane.count - sampleSize) / 2 : 0
        let sample = UnsafeRawBufferPointer(rebasing: raw[start..<min(start + sampleSize, plane.count)])
        let sampled = try Zstandard.compress(sample, level: 1).count
        // The sample knows only its own matches: count them as found everywhere.
        let matched = Double(sampled) / Double(max(sample.count, 1)) * Double(plane.count)
        if matched < 0.95 * Double(huffman) {
            ByteStream.write(raw, frame: try Zstandard.compress(raw, level: level), to: &writer)
        } else if huffman < plane.count - plane.count / 64 {
            ByteStream.write(raw, frame: try Zstandard.huffmanOnly(raw), to: &writer)
        } else {
            ByteStream.writeRaw(raw, to: &writer)
        }
    }
}
