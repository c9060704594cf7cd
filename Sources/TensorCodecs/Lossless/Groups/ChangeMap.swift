/// Which elements of a tensor differ from its predecessor's: a bit each, classed by how many do in the element's block.
enum ChangeMap {
    static let block = 256
    /// Elements whose bits are packed together, a multiple of the block.
    static let chunk = 1 << 20

    /// - Parameter changed: ascending.
    static func encode(_ changed: [Int32], count: Int, to writer: inout ByteWriter) throws(CodecError) {
        let blocks = (count + block - 1) / block
        var counts = [Int32](repeating: 0, count: blocks)
        for position in changed { counts[Int(position) / block] += 1 }
        let densities = counts.map { Int32(32 - $0.leadingZeroBitCount) }
        var last: Int32 = 0
        let deltas = densities.map { density in
            defer { last = density }
            return density - last
        }
        try section(deltas, [UInt8](repeating: 0, count: blocks), &writer)
        var next = 0
        for start in stride(from: 0, to: count, by: chunk) {
            let end = min(start + chunk, count)
            var flags = [Int32](repeating: 0, count: end - start)
            while next < changed.count, Int(changed[next]) < end {
                flags[Int(changed[next]) - start] = 1
                next += 1
            }
            try section(flags, classes(densities, start..<end), &writer)
        }
    }

    /// - Throws: `.corrupt`.
    static func decode(_ reader: inout ByteReader, count: Int) throws(CodecError) -> [Int32] {
        let blocks = (count + block - 1) / block
        let deltas = try section(&reader, [UInt8](repeating: 0, count: blocks))
        var density: Int32 = 0
        var densities: [Int32] = []
        for delta in deltas {
            density &+= delta
            guard 0...9 ~= density else { throw reader.corrupt("a block of changes out of range") }
            densities.append(density)
        }
        var changed: [Int32] = []
        for start in stride(from: 0, to: count, by: chunk) {
            let flags = try section(&reader, classes(densities, start..<min(start + chunk, count)))
            for (position, flag) in flags.enumerated() where flag != 0 { changed.append(Int32(start + position)) }
        }
        return changed
    }

    private static func classes(_ densities: [Int32], _ range: Range<Int>) -> [UInt8] {
        range.map { UInt8(truncatingIfNeeded: densities[$0 / block]) }
    }

    private static func section(_ reader: inout ByteReader, _ classes: [UInt8]) throws(CodecError) -> [Int32] {
        let size = try reader.readCount(upTo: reader.remaining, "size of a change map")
        return try RansCoder.decode(Array(try reader.readBytes(size)), classes: classes)
    }

    private static func section(_ levels: [Int32], _ classes: [UInt8], _ writer: inout ByteWriter) throws(CodecError) {
        let packed = try RansCoder.encode(levels, classes: classes, segments: [levels.count])
        writer.append(varint: packed.bytes.count)
        writer.append(contentsOf: packed.bytes)
    }
}
