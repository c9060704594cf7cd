/// Reads what `ByteWriter` writes, front to back. Every read is checked against the bytes left: damaged input throws
/// `.corrupt` with the offset, it never traps and never allocates more than the input holds.
package struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    /// Index into `bytes` of the next byte.
    private var position: Int
    /// Offset of the first byte in whatever the caller reads from; added to the offsets of errors.
    private let baseOffset: Int

    /// - Parameter baseOffset: where `bytes` begins in its file; only error messages use it.
    package init(_ bytes: ArraySlice<UInt8>, baseOffset: Int = 0) {
        self.bytes = bytes
        self.position = bytes.startIndex
        self.baseOffset = baseOffset
    }

    package init(_ bytes: [UInt8], baseOffset: Int = 0) {
        self.init(bytes[...], baseOffset: baseOffset)
    }

    /// Copies the buffer first, so the reader stays valid when it goes away.
    package init(copying bytes: UnsafeRawBufferPointer, baseOffset: Int = 0) {
        self.init(Array(bytes)[...], baseOffset: baseOffset)
    }

    /// Bytes not read yet.
    package var remaining: Int { bytes.endIndex - position }
    package var isAtEnd: Bool { position == bytes.endIndex }
    /// Offset of the next byte, `baseOffset` included.
    package var offset: Int { baseOffset + (position - bytes.startIndex) }

    /// An error that names this place.
    package func corrupt(_ message: String) -> CodecError {
        .corrupt(message, offset: offset)
    }

    /// - Throws: `.corrupt` unless everything was read.
    package func expectEnd() throws(CodecError) {
        guard isAtEnd else { throw corrupt("\(remaining) bytes left over") }
    }

    package mutating func readByte() throws(CodecError) -> UInt8 {
        guard position < bytes.endIndex else { throw corrupt("the data ends where a byte was expected") }
        defer { position += 1 }
        return bytes[position]
    }

    /// A fixed-width integer, least significant byte first.
    package mutating func read<Integer: FixedWidthInteger>(
        littleEndian type: Integer.Type = Integer.self
    ) throws(CodecError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard remaining >= size else { throw corrupt("\(size) bytes expected, \(remaining) left") }
        let raw = bytes[position...].withUnsafeBytes { $0.loadUnaligned(as: Integer.self) }
        position += size
        return Integer(littleEndian: raw)
    }

    /// A LEB128 varint in its shortest form.
    /// - Throws: `.corrupt` if it is cut off, longer than needed, or above `UInt64.max`.
    package mutating func readVarint() throws(CodecError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < bytes.endIndex else { throw .corrupt("the data ends inside a varint", offset: start) }
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { throw .corrupt("a varint exceeds 64 bits", offset: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                if byte == 0, shift > 0 { throw .corrupt("a varint is longer than needed", offset: start) }
                return value
            }
            shift += 7
        }
    }

    /// A varint that counts something.
    /// - Parameters:
    ///   - limit: largest value accepted.
    ///   - what: names the field in the error.
    package mutating func readCount(upTo limit: Int = .max, _ what: StaticString = "count") throws(CodecError) -> Int {
        let start = offset
        let value = try readVarint()
        guard let count = Int(exactly: value), count <= limit else {
            throw .corrupt("\(what) is \(value), at most \(limit) is possible", offset: start)
        }
        return count
    }

    /// The next `count` bytes, without copying them.
    package mutating func readBytes(_ count: Int) throws(CodecError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw corrupt("\(count) bytes expected, \(remaining) left") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// A string as `ByteWriter.append(string:)` writes it.
    /// - Throws: `.corrupt` if it is cut off or not UTF-8.
    package mutating func readString() throws(CodecError) -> String {
        let length = try readCount(upTo: remaining, "string length")
        let start = offset
        guard let string = String(validating: try readBytes(length), as: UTF8.self) else {
            throw .corrupt("a string is not UTF-8", offset: start)
        }
        return string
    }
}
