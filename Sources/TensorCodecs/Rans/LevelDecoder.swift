/// Reads the coded form of levels; see `RansCoder` for its layout.
struct LevelDecoder {
    private let classes: [UInt8]
    private let classCounts: [Int]

    /// - Throws: `.invalidArgument` for a class above 63.
    init(_ classes: [UInt8]) throws(CodecError) {
        let histogram = classes.withUnsafeBufferPointer { SymbolHistogram($0) }
        guard histogram.counts[RansCoder.classLimit...].allSatisfy({ $0 == 0 }) else {
            throw CodecError(.invalidArgument, "a class of \(RansCoder.classLimit) or more")
        }
        self.classes = classes
        classCounts = Array(histogram.counts[..<RansCoder.classLimit])
    }

    /// - Throws: `.corrupt`.
    func decode(_ reader: inout ByteReader) throws(CodecError) -> [Int32] {
        let stream = try PackedStream(
            &reader, classes: classCounts.indices.filter { classCounts[$0] > 0 }, count: classes.count
        ) { classCounts }
        let symbols = try RansStream(stream, count: classes.count, escape: .min)
        var levels: [Int32] = []
        try classes.withUnsafeBufferPointer { classes throws(CodecError) in
            var failure: CodecError?
            levels = [Int32](unsafeUninitializedCapacity: classes.count) { output, filled in
                guard let start = output.baseAddress else { return }
                do throws(CodecError) {
                    try RansDecoder.decode(RansDecoder.Job(stream: symbols, classes: classes, output: start))
                    filled = classes.count
                } catch { failure = error }
            }
            if let failure { throw failure }
            guard stream.hasEscapes else { return }
            // Found first: the loop that reads is too long to be run for every level.
            let positions = levels.withUnsafeBufferPointer { levels in levels.indices.filter { levels[$0] == .min } }
            try stream.fillIn(positions, classes) { levels[$0] = $1 }
        }
        levels.withUnsafeMutableBufferPointer { levels in
            guard let start = levels.baseAddress else { return }
            classes.withUnsafeBufferPointer { stream.addLowBits($0, to: start) }
        }
        return levels
    }
}
