/// `RansCoder` of levels that fit into a byte: the same streams, coded faster.
struct ByteLevels {
    let levels: UnsafeBufferPointer<Int8>
    /// Below `RansCoder.classLimit`.
    let classes: UnsafeBufferPointer<UInt8>

    /// - Parameter segments: as for `RansCoder`; classes share tables by their estimated costs.
    func packed(segments: [Int]) throws(CodecError) -> RansCoder.Packed {
        let counts = counts()
        var bits: UInt32 = 0
        for (position, count) in counts.enumerated() where count > 0 {
            bits |= UInt32(RansCoder.zigzag(Int32(Int8(truncatingIfNeeded: position))))
        }
        let histograms = bits == 0 ? [] : LevelHistogram.histograms(counts)
        let encoder = bits == 0 ? nil : LevelEncoder(levels, classes: classes, histograms, .quick)
        return try RansCoder.pack(levels, encoder, zigzagBits: bits, segments: segments) {
            $0.encode(levels, classes, largestClass: Int(histograms.last?.value ?? 0))
        }
    }

    /// How often each level occurs in each class.
    private func counts() -> [UInt32] {
        let size = RansCoder.classLimit << 8
        // Two tables, so that equal neighbours do not wait for each other.
        var counts = [UInt32](repeating: 0, count: 2 * size)
        counts.withUnsafeMutableBufferPointer { counts in
            for i in 0..<levels.count {
                let position = Int(classes[i]) &<< 8 | Int(UInt8(bitPattern: levels[i]))
                counts[(i & 1) &* size &+ position] &+= 1
            }
            for position in 0..<size { counts[position] &+= counts[size &+ position] }
        }
        counts.removeLast(size)
        return counts
    }
}

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
