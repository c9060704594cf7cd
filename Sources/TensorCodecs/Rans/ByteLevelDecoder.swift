/// Reads what `ByteLevels` writes, and every other stream of `RansCoder` whose levels a caller can take as bytes.
struct ByteLevelDecoder {
    /// Stands for levels that are larger, or below the least of a byte.
    static let outside = Int8.max

    private let classes: UnsafeBufferPointer<UInt8>
    private let output: UnsafeMutablePointer<Int8>
    private let stream: PackedStream
    private let job: RansDecoder.Job<Int8>

    /// Begins to read a stream; what is quick is done at once, symbols are left for `decode`.
    /// - Parameters:
    ///   - classes: one for each level, all below `RansCoder.classLimit`.
    ///   - occurring: a bit for each class that occurs.
    ///   - output: takes the levels: those below `outside` as they are, others as `outside`.
    /// - Returns: nothing where all levels have been read.
    /// - Throws: `.corrupt`.
    init?(
        _ bytes: ArraySlice<UInt8>, _ classes: UnsafeBufferPointer<UInt8>, occurring: UInt64,
        into output: UnsafeMutablePointer<Int8>
    ) throws(CodecError) {
        var reader = ByteReader(bytes)
        guard !classes.isEmpty, try reader.readByte() == RansCoder.Mode.coded.rawValue else {
            try Self.decodeOther(bytes, classes, into: output)
            return nil
        }
        let values = (0..<RansCoder.classLimit).filter { occurring >> UInt64($0) & 1 == 1 }
        let stream = try PackedStream(&reader, classes: values, count: classes.count) {
            Array(SymbolHistogram(classes).counts[..<RansCoder.classLimit])
        }
        guard stream.groups.tables.allSatisfy(Self.fits) else {
            try Self.decodeOther(bytes, classes, into: output)
            return nil
        }
        self.classes = classes
        self.output = output
        self.stream = stream
        job = RansDecoder.Job(
            stream: try RansStream(stream, count: classes.count, escape: Int32(Int8.min)), classes: classes,
            output: output)
    }

    /// Whether a table's levels are those of a byte without their low bits, and no level of a byte is an escape whose
    /// other bits are not.
    private static func fits(_ table: SymbolTable) -> Bool {
        table.shift <= 6 && table.limit << table.shift <= Int(Int8.max)
    }

    /// Reads the levels of streams, two at a time.
    /// - Throws: `.corrupt`.
    static func decode(_ decoders: [ByteLevelDecoder]) throws(CodecError) {
        var index = 0
        while index < decoders.count {
            if index + 1 < decoders.count {
                try RansDecoder.decode(decoders[index].job, decoders[index + 1].job)
            } else {
                try RansDecoder.decode(decoders[index].job)
            }
            index += 2
        }
        for decoder in decoders { try decoder.fillIn() }
    }

    private func fillIn() throws(CodecError) {
        if stream.hasEscapes {
            let positions = classes.indices.filter { output[$0] == .min }
            try stream.fillIn(positions, classes) { output[$0] = Self.byte($1) }
        }
        stream.addLowBits(classes, to: output)
    }

    /// Streams of other modes or with low bits.
    private static func decodeOther(
        _ bytes: ArraySlice<UInt8>, _ classes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<Int8>
    ) throws(CodecError) {
        let levels = try RansCoder.decode(Array(bytes), classes: Array(classes))
        for i in levels.indices { output[i] = byte(levels[i]) }
    }

    private static func byte(_ level: Int32) -> Int8 {
        Int32(Int8.min)..<Int32(outside) ~= level ? Int8(truncatingIfNeeded: level) : outside
    }
}
