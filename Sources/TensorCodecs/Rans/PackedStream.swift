/// The parts of a stream of mode `coded`, read but for its symbols.
struct PackedStream {
    /// Bytes of the longest escape.
    private static let escapeBytes = 5

    let groups: ContextMap
    /// Low bits of the levels of each class.
    let shifts: [Int]
    let lowBits: Int
    let lowBytes: ArraySlice<UInt8>
    let escapes: [UInt8]
    let even: UInt32
    let odd: UInt32
    let wordBytes: ArraySlice<UInt8>

    var hasEscapes: Bool { groups.tables.contains(where: \.hasEscapes) }

    /// - Parameters:
    ///   - classes: the classes that occur, in ascending order.
    ///   - count: levels.
    ///   - counts: levels of each class; asked for only where some have low bits.
    /// - Throws: `.corrupt`.
    init(
        _ reader: inout ByteReader, classes: [Int], count: Int, counts: () -> [Int]
    ) throws(CodecError) {
        let tableBytes = try reader.readCount(upTo: reader.remaining, "size of tables")
        groups = try ContextMap(try reader.readBytes(tableBytes), occurring: classes)
        shifts = [Int](groups.groups.map { [tables = groups.tables] in tables[Int($0)].shift })
        lowBits =
            groups.tables.contains { $0.shift > 0 } ? zip(counts(), shifts).reduce(0) { $0 + $1.0 * $1.1 } : 0
        lowBytes = try reader.readBytes((lowBits + 7) / 8)
        guard lowBits % 8 == 0 || (lowBytes.last ?? 0) >> UInt8(lowBits % 8) == 0 else {
            throw .corrupt("padding of low bits that is not 0")
        }
        if groups.tables.contains(where: \.hasEscapes) {
            let bytes = try reader.readCount(upTo: count * Self.escapeBytes, "size of escapes")
            escapes = try ByteStream.read(bytes, from: &reader)
        } else {
            escapes = []
        }
        even = try reader.read(littleEndian: UInt32.self)
        odd = try reader.read(littleEndian: UInt32.self)
        let range = RansDecoder.lowerBound..<RansDecoder.upperBound
        guard range.contains(even), range.contains(odd) else { throw reader.corrupt("a state out of range") }
        guard reader.remaining % 2 == 0, reader.remaining / 2 <= count else {
            throw reader.corrupt("\(reader.remaining) bytes of words for \(count) levels")
        }
        wordBytes = try reader.readBytes(reader.remaining)
    }

    /// Puts escapes where `positions` says that there is one.
    /// - Parameter put: takes the position and the level, without its low bits.
    /// - Throws: `.corrupt` unless there is one for each position, none too large.
    func fillIn(
        _ positions: [Int], _ classes: UnsafeBufferPointer<UInt8>, _ put: (Int, Int32) -> Void
    ) throws(CodecError) {
        var reader = ByteReader(escapes)
        let bound = Int(RansCoder.levelBound)
        for i in positions {
            let table = groups.tables[Int(groups.groups[Int(classes[i])])]
            let beyond = try reader.readCount(upTo: 2 * bound, "escape")
            let size = beyond / 2 + 1 + table.limit
            let level = (beyond & 1 == 1 ? -size : size) << table.shift
            guard -bound..<bound ~= level else { throw .corrupt("an escape of \(level) in packed levels") }
            put(i, Int32(level))
        }
        guard reader.isAtEnd else { throw .corrupt("escapes are left over in packed levels") }
    }

    /// Adds the low bits to levels that are without them.
    func addLowBits<Level: FixedWidthInteger>(
        _ classes: UnsafeBufferPointer<UInt8>, to levels: UnsafeMutablePointer<Level>
    ) {
        guard lowBits > 0 else { return }
        // Every read takes four bytes.
        let padded = Array(lowBytes) + [0, 0, 0, 0]
        padded.withUnsafeBytes { padded in
            shifts.withUnsafeBufferPointer { shifts in
                var position = 0
                for i in 0..<classes.count {
                    let shift = shifts[Int(classes[i])]
                    guard shift > 0 else { continue }
                    let word = UInt32(
                        littleEndian: padded.loadUnaligned(fromByteOffset: position &>> 3, as: UInt32.self))
                    let mask = (UInt32(1) &<< UInt32(truncatingIfNeeded: shift)) &- 1
                    levels[i] |= Level(truncatingIfNeeded: (word &>> UInt32(truncatingIfNeeded: position & 7)) & mask)
                    position &+= shift
                }
            }
        }
    }
}
