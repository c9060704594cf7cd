/// A stream of bytes in the smallest of its forms. The reader knows how many bytes there are; a stream of none takes
/// no space. Layout: form (u8), then
///
/// | form | follows |
/// |---|---|
/// | 0 raw | the bytes |
/// | 1 constant | the one byte they all are |
/// | 2 coded | varint size, one zstd frame |
enum ByteStream {
    private enum Form: UInt8 {
        case raw = 0, constant = 1, coded = 2
    }

    /// Streams shorter than this are not worth a frame.
    private static let smallest = 48

    /// Writes symbols without repetitions: Huffman coding alone.
    static func write(_ bytes: [UInt8], to writer: inout ByteWriter) throws(CodecError) {
        guard let first = bytes.first else { return }
        if bytes.count > 1, bytes.allSatisfy({ $0 == first }) { return writeConstant(first, to: &writer) }
        let frame =
            bytes.count < smallest
            ? nil
            : try bytes.withRawBytes { raw throws(CodecError) in
                try Zstandard.huffmanOnly(raw)
            }
        bytes.withUnsafeBytes { write($0, frame: frame, to: &writer) }
    }

    /// Writes `frame`, which holds `bytes`, or the bytes themselves where that is smaller.
    static func write(_ bytes: UnsafeRawBufferPointer, frame: [UInt8]?, to writer: inout ByteWriter) {
        guard let frame, frame.count + 4 < bytes.count else { return writeRaw(bytes, to: &writer) }
        writer.append(Form.coded.rawValue)
        writer.append(varint: frame.count)
        writer.append(contentsOf: frame)
    }

    /// Writes the bytes as they are; there must be some.
    static func writeRaw(_ bytes: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
        writer.append(Form.raw.rawValue)
        writer.append(contentsOf: bytes)
    }

    /// Writes any number of the same byte.
    static func writeConstant(_ byte: UInt8, to writer: inout ByteWriter) {
        writer.append(Form.constant.rawValue)
        writer.append(byte)
    }

    /// - Parameter count: bytes the stream holds; the caller has bounded it.
    /// - Throws: `.corrupt`.
    static func read(_ count: Int, from reader: inout ByteReader) throws(CodecError) -> [UInt8] {
        guard count > 0 else { return [] }
        let code = try reader.readByte()
        switch Form(rawValue: code) {
        case .raw:
            return Array(try reader.readBytes(count))
        case .constant:
            return [UInt8](repeating: try reader.readByte(), count: count)
        case .coded:
            let size = try reader.readCount(upTo: reader.remaining, "size of a coded stream")
            return try reader.readBytes(size).withRawBytes { raw throws(CodecError) in
                try Zstandard.decompress(raw, count: count)
            }
        case nil:
            throw reader.corrupt("unknown form \(code) of a byte stream")
        }
    }
}
