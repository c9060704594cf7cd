/// Appends little-endian integers, varints, strings and byte runs to an array.
package struct ByteWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// - Parameter capacity: bytes to reserve, a hint only.
    package init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Bytes written so far.
    package var count: Int { bytes.count }

    package mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// The integer's bytes, least significant first.
    package mutating func append<Integer: FixedWidthInteger>(littleEndian value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// LEB128: seven bits a byte, low ones first, the top bit set on all bytes but the last; 1 to 10 bytes.
    package mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A count or size as a varint. It must not be negative.
    package mutating func append(varint value: Int) {
        append(varint: UInt64(value))
    }

    /// The UTF-8 length as a varint, then the UTF-8 bytes.
    package mutating func append(string: String) {
        var string = string
        string.withUTF8 { text in
            append(varint: text.count)
            bytes.append(contentsOf: text)
        }
    }

    package mutating func append(contentsOf run: some Sequence<UInt8>) {
        bytes.append(contentsOf: run)
    }

    package mutating func append(contentsOf run: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: run)
    }
}
