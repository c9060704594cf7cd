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
