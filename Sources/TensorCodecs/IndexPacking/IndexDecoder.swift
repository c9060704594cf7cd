/// Reads the coded form of levels; see `IndexPacking` for its layout.
struct IndexDecoder {
    /// Bytes of the longest escape.
    private static let escapeBytes = 5

    private let classes: [UInt8]
    private let classCounts: [Int]

    /// - Throws: `.invalidArgument` for a class above 63.
    init(_ classes: [UInt8]) throws(CodecError) {
        let histogram = classes.withUnsafeBufferPointer { SymbolHistogram($0) }
        guard histogram.counts[IndexPacking.classLimit...].allSatisfy({ $0 == 0 }) else {
            throw CodecError(.invalidArgument, "a class of \(IndexPacking.classLimit) or more")
        }
        self.classes = classes
        classCounts = Array(histogram.counts[..<IndexPacking.classLimit])
    }

    /// - Throws: `.corrupt`.
    func decode(_ reader: inout ByteReader) throws(CodecError) -> [Int32] {
        let tableBytes = try reader.readCount(upTo: reader.remaining, "size of tables")
        let occurring = classCounts.indices.filter { classCounts[$0] > 0 }
        let groups = try ClassGroups(try reader.readBytes(tableBytes), occurring: occurring)
        let shifts = groups.groups.map { groups.tables[Int($0)].shift }
        let lowBits = zip(classCounts, shifts).reduce(0) { $0 + $1.0 * $1.1 }
        let lowBytes = try reader.readBytes((lowBits + 7) / 8)
        var escapes: [UInt8] = []
        if groups.tables.contains(where: \.hasEscapes) {
            let count = try reader.readCount(upTo: classes.count * Self.escapeBytes, "size of escapes")
            escapes = try ByteStream.read(count, from: &reader)
        }
        var levels = try decodeSymbols(&reader, groups)
        if groups.tables.contains(where: \.hasEscapes) { try fillIn(escapes, groups, &levels) }
        if lowBits > 0 { try add(lowBytes, lowBits: lowBits, shifts, to: &levels) }
        return levels
    }

    private func decodeSymbols(_ reader: inout ByteReader, _ groups: ClassGroups) throws(CodecError) -> [Int32] {
        let decoder = try RansDecoder(groups)
        let even = try reader.read(littleEndian: UInt32.self)
        let odd = try reader.read(littleEndian: UInt32.self)
        let range = RansDecoder.lowerBound..<RansDecoder.upperBound
        guard range.contains(even), range.contains(odd) else { throw reader.corrupt("a state out of range") }
        guard reader.remaining % 2 == 0, reader.remaining / 2 <= classes.count else {
            throw reader.corrupt("\(reader.remaining) bytes of words for \(classes.count) levels")
        }
        var words = [UInt16](repeating: 0, count: reader.remaining / 2 + 1)
        let wordBytes = try reader.readBytes(reader.remaining)
        words.withUnsafeMutableBytes { words in
            wordBytes.withUnsafeBytes { words.copyMemory(from: $0) }
        }
        var isWhole = false
        let levels = [Int32](unsafeUninitializedCapacity: classes.count) { output, filled in
            isWhole = classes.withUnsafeBufferPointer { classes in
                words.withUnsafeBufferPointer { words in
                    decoder.decode(classes, states: (even, odd), words: words, into: output)
                }
            }
            filled = classes.count
        }
        guard isWhole else { throw .corrupt("packed levels do not end as they must") }
        return levels
    }

    /// - Throws: `.corrupt` unless there is one for each place, none too large.
    private func fillIn(_ escapes: [UInt8], _ groups: ClassGroups, _ levels: inout [Int32]) throws(CodecError) {
        var reader = ByteReader(escapes)
        let tables = groups.groups.map { groups.tables[Int($0)] }
        let bound = Int(IndexPacking.levelBound)
        // Found first: the loop that reads is too long to be run for every level.
        let places = levels.withUnsafeBufferPointer { levels in
            levels.indices.filter { levels[$0] == RansDecoder.escape }
        }
        for i in places {
            let table = tables[Int(classes[i])]
            let beyond = try reader.readCount(upTo: 2 * bound, "escape")
            let size = beyond / 2 + 1 + table.limit
            let level = (beyond & 1 == 1 ? -size : size) << table.shift
            guard -bound..<bound ~= level else { throw .corrupt("an escape of \(level) in packed levels") }
            levels[i] = Int32(level)
        }
        guard reader.isAtEnd else { throw .corrupt("escapes are left over in packed levels") }
    }

    /// - Throws: `.corrupt` if the padding is not zero.
    private func add(
        _ bytes: ArraySlice<UInt8>, lowBits: Int, _ shifts: [Int], to levels: inout [Int32]
    ) throws(CodecError) {
        guard lowBits % 8 == 0 || (bytes.last ?? 0) >> UInt8(lowBits % 8) == 0 else {
            throw .corrupt("padding of low bits that is not 0")
        }
        // Every read takes four bytes, even one of no bits behind the last.
        let padded = Array(bytes) + [0, 0, 0, 0]
        padded.withUnsafeBytes { padded in
            levels.withUnsafeMutableBufferPointer { levels in
                classes.withUnsafeBufferPointer { classes in
                    shifts.withUnsafeBufferPointer { shifts in
                        var position = 0
                        for i in 0..<levels.count {
                            let shift = shifts[Int(classes[i])]
                            guard shift > 0 else { continue }
                            let word = UInt32(
                                littleEndian: padded.loadUnaligned(
                                    fromByteOffset: position &>> 3, as: UInt32.self))
                            let mask = (UInt32(1) &<< UInt32(truncatingIfNeeded: shift)) &- 1
                            let low = (word &>> UInt32(truncatingIfNeeded: position & 7)) & mask
                            levels[i] |= Int32(bitPattern: low)
                            position &+= shift
                        }
                    }
                }
            }
        }
    }
}
