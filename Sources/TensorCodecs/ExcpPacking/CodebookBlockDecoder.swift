/// Reads a `CodebookBlock`.
enum CodebookBlockDecoder {
    /// - Parameter sizeLimits: largest size of each codebook: none has more centres than its tensor has elements.
    /// - Returns: codebooks with ascending, distinct, finite centres.
    /// - Throws: `.corrupt`.
    static func read(
        sizeLimits: [Int], from reader: inout ByteReader
    ) throws(CodecError) -> [[Float]] {
        let sizes = try ByteStream.read(sizeLimits.count, from: &reader)
        for (size, limit) in zip(sizes, sizeLimits) where size > limit {
            throw reader.corrupt("a codebook of \(size) centres for \(limit) elements")
        }
        let shifts = try ByteStream.read(sizes.count { $0 > 0 }, from: &reader)
        let lengths = try ByteStream.read(sizes.reduce(0) { $0 + Int($1) }, from: &reader)
        guard shifts.allSatisfy({ $0 <= 31 }), lengths.allSatisfy({ $0 <= CodebookBlock.lengthLimit }) else {
            throw reader.corrupt("a codebook with numbers out of range")
        }
        let bitCount = lengths.reduce(0) { $0 + max(Int($1) - 1, 0) }
        var bits = BitReader(try reader.readBytes((bitCount + 7) / 8))
        var codebooks: [[Float]] = []
        var nextShift = shifts.makeIterator()
        var nextLength = lengths.makeIterator()
        var previousFirst: Int64 = 0
        for size in sizes {
            var codebook: [Float] = []
            let shift = size > 0 ? Int64(nextShift.next() ?? 0) : 0
            var previous: Int64?
            for _ in 0..<size {
                let number = try read(Int(nextLength.next() ?? 0), &bits)
                // Keys stay far below 2^63: each is checked against the 32-bit range before the next is made from it.
                let key = previous.map { $0 + 1 + Int64(number) } ?? previousFirst + CodebookKeys.unzigzag(number)
                guard key.magnitude < 1 << 32, let centre = CodebookKeys.value(key << shift) else {
                    throw reader.corrupt("a centre that is no finite number")
                }
                if previous == nil { previousFirst = key }
                previous = key
                codebook.append(centre)
            }
            codebooks.append(codebook)
        }
        try bits.expectEnd()
        return codebooks
    }

    private static func read(_ length: Int, _ bits: inout BitReader) throws(CodecError) -> UInt64 {
        guard length > 1 else { return UInt64(length) }
        return 1 << UInt64(length - 1) | UInt64(try bits.read(length - 1))
    }
}
