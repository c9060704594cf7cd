/// Arbitrary bytes of a file in blocks, each against bytes the decoder has already: usually the same stretch of the
/// same file in the step before. An encoded block is a form byte, then
///
/// | form | follows |
/// |---|---|
/// | 0 raw | the bytes |
/// | 1 coded | one zstd frame; the prefix, where there is one, is its raw-content prefix |
/// | 2 same | nothing: the block equals the prefix |
/// | 3 floats | `FloatBlock` |
package enum PayloadCodec {
    /// Largest block.
    package static let blockLimit = 4 << 20

    private enum Form: UInt8 {
        case raw = 0, coded = 1, same = 2, floats = 3
    }

    /// Shorter blocks are not searched for floats.
    private static let smallestFloats = 4096

    /// Encodes one block; never longer than the block by more than a byte.
    /// - Parameters:
    ///   - block: at most `blockLimit` bytes.
    ///   - prefix: what the decoder has; any length, matches reach into all of it.
    /// - Throws: `.invalidArgument` for a longer block, `.outOfMemory`.
    package static func encode(
        _ block: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) -> [UInt8] {
        guard block.count <= blockLimit else {
            throw CodecError(.invalidArgument, "a block of \(block.count) bytes, \(blockLimit) is the limit")
        }
        if let prefix, prefix.isEqual(to: block) { return [Form.same.rawValue] }
        let frame = try Zstandard.compress(block, level: try level(block, prefix), prefix: prefix)
        // What zstd hardly gets smaller may be arrays of floats in a container nobody reads.
        if frame.count > block.count / 2, block.count >= smallestFloats,
            let floats = try FloatBlock.encode(block, prefix: prefix), floats.count < frame.count - frame.count / 64,
            floats.count < block.count
        {
            return [Form.floats.rawValue] + floats
        }
        var writer = ByteWriter(capacity: min(frame.count, block.count) + 1)
        if frame.count < block.count {
            writer.append(Form.coded.rawValue)
            writer.append(contentsOf: frame)
        } else {
            writer.append(Form.raw.rawValue)
            writer.append(contentsOf: block)
        }
        return writer.bytes
    }

    /// Decodes one block of exactly `count` bytes.
    /// - Throws: `.corrupt`; `.invalidArgument` for a count above `blockLimit`.
    package static func decode(
        _ bytes: ArraySlice<UInt8>, count: Int, prefix: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) -> [UInt8] {
        guard (0...blockLimit).contains(count) else {
            throw CodecError(.invalidArgument, "a block of \(count) bytes, \(blockLimit) is the limit")
        }
        var reader = ByteReader(bytes)
        let code = try reader.readByte()
        switch Form(rawValue: code) {
        case .raw:
            guard reader.remaining == count else { throw reader.corrupt("\(reader.remaining) bytes of \(count)") }
            return Array(try reader.readBytes(count))
        case .coded:
            return try reader.readBytes(reader.remaining).withRawBytes { raw throws(CodecError) in
                try Zstandard.decompress(raw, count: count, prefix: prefix)
            }
        case .same:
            try reader.expectEnd()
            guard let prefix, prefix.count == count else {
                throw reader.corrupt("a block equal to a prefix of another size")
            }
            return Array(prefix)
        case .floats:
            return try FloatBlock.decode(&reader, count: count, prefix: prefix)
        case nil:
            throw reader.corrupt("unknown form \(code) of a payload block")
        }
    }

    /// 12 for small blocks, 9 for large ones, 1 for large ones whose sample hardly compresses. A sample says nothing
    /// about matches with the prefix, so with one the level stays.
    private static func level(_ block: UnsafeRawBufferPointer, _ prefix: UnsafeRawBufferPointer?) throws(CodecError)
        -> Int32
    {
        guard block.count > 256 << 10 else { return 12 }
        guard prefix == nil else { return 9 }
        let size = 32 << 10
        let start = (block.count - size) / 2
        let sample = try Zstandard.compress(UnsafeRawBufferPointer(rebasing: block[start..<start + size]), level: 1)
        return sample.count > size - size / 16 ? 1 : 9
    }
}
