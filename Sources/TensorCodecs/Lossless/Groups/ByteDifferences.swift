/// Coding of tensors whose elements are bytes: small floats and 8-bit integers, by their difference from the
/// predecessor's, on a line where neighbouring values are neighbours. In chunks of packed levels, each behind its size.
enum ByteDifferences {
    /// Elements of a chunk; the last one may have fewer.
    static let chunk = 1 << 20

    /// - Parameter isFloat: bytes are a sign and a magnitude; otherwise integers, whose differences wrap.
    static func encode(_ bytes: [UInt8], previous: [UInt8]?, isFloat: Bool) throws(CodecError) -> [UInt8] {
        var writer = ByteWriter()
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let range = start..<min(start + chunk, bytes.count)
            let levels = range.map { i in
                let value = position(bytes[i], isFloat: isFloat)
                guard let previous else { return value }
                let difference = value - position(previous[i], isFloat: isFloat)
                return isFloat ? difference : Int32(Int8(truncatingIfNeeded: difference))
            }
            let packed = try RansCoder.encode(
                levels, classes: classes(range, previous, isFloat: isFloat), segments: [levels.count])
            writer.append(varint: packed.bytes.count)
            writer.append(contentsOf: packed.bytes)
        }
        return writer.bytes
    }

    /// - Throws: `.corrupt`.
    static func decode(
        _ coded: ArraySlice<UInt8>, count: Int, previous: [UInt8]?, isFloat: Bool
    ) throws(CodecError) -> [UInt8] {
        var reader = ByteReader(coded)
        var bytes = [UInt8](repeating: 0, count: count)
        for start in stride(from: 0, to: count, by: chunk) {
            let range = start..<min(start + chunk, count)
            let packed = try reader.readBytes(try reader.readCount(upTo: reader.remaining, "size of differences"))
            let levels = try RansCoder.decode(
                Array(packed), classes: classes(range, previous, isFloat: isFloat))
            for i in range {
                let value = levels[i - start] &+ (previous.map { position($0[i], isFloat: isFloat) } ?? 0)
                guard !isFloat || -128...127 ~= value else { throw .corrupt("a byte out of range") }
                bytes[i] = isFloat && value < 0 ? UInt8(127 - value) : UInt8(truncatingIfNeeded: value)
            }
        }
        try reader.expectEnd()
        return bytes
    }

    /// Where a byte lies: floats in the order of their values, -0 before 0.
    @inline(__always)
    private static func position(_ byte: UInt8, isFloat: Bool) -> Int32 {
        isFloat && byte >= 128 ? 127 - Int32(byte) : isFloat ? Int32(byte) : Int32(Int8(bitPattern: byte))
    }

    /// By the predecessor's magnitude: its exponent and the leading bit or two after.
    private static func classes(_ range: Range<Int>, _ previous: [UInt8]?, isFloat: Bool) -> [UInt8] {
        guard isFloat, let previous else { return [UInt8](repeating: 0, count: range.count) }
        return range.map { (previous[$0] & 0x7f) >> 2 }
    }
}
