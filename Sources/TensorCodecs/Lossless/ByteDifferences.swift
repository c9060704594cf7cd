/// Coding of tensors whose elements are bytes: small floats and 8-bit integers, by their difference from the
/// predecessor's, on a line where neighbouring values are neighbours.
enum ByteDifferences {
    /// - Parameter isFloat: bytes are a sign and a magnitude; otherwise integers, whose differences wrap.
    static func encode(_ bytes: [UInt8], previous: [UInt8]?, isFloat: Bool) throws(CodecError) -> [UInt8] {
        let classes = classes(bytes.count, previous, isFloat: isFloat)
        var levels = bytes.map { position($0, isFloat: isFloat) }
        if let previous {
            for i in levels.indices {
                let difference = levels[i] - position(previous[i], isFloat: isFloat)
                levels[i] = isFloat ? difference : Int32(Int8(truncatingIfNeeded: difference))
            }
        }
        return try IndexPacking.encode(levels, classes: classes, segments: [levels.count]).bytes
    }

    /// - Throws: `.corrupt`.
    static func decode(
        _ coded: ArraySlice<UInt8>, count: Int, previous: [UInt8]?, isFloat: Bool
    ) throws(CodecError) -> [UInt8] {
        let classes = classes(count, previous, isFloat: isFloat)
        let levels = try IndexPacking.decode(Array(coded), classes: classes)
        var bytes = [UInt8](repeating: 0, count: count)
        for i in bytes.indices {
            let value = levels[i] &+ (previous.map { position($0[i], isFloat: isFloat) } ?? 0)
            guard !isFloat || -128...127 ~= value else { throw .corrupt("a byte out of range") }
            bytes[i] = isFloat && value < 0 ? UInt8(127 - value) : UInt8(truncatingIfNeeded: value)
        }
        return bytes
    }

    /// Where a byte lies: floats in the order of their values, -0 before 0.
    @inline(__always)
    private static func position(_ byte: UInt8, isFloat: Bool) -> Int32 {
        isFloat && byte >= 128 ? 127 - Int32(byte) : isFloat ? Int32(byte) : Int32(Int8(bitPattern: byte))
    }

    /// By the predecessor's magnitude: its exponent and the leading bit or two after.
    private static func classes(_ count: Int, _ previous: [UInt8]?, isFloat: Bool) -> [UInt8] {
        guard isFloat, let previous else { return [UInt8](repeating: 0, count: count) }
        return previous.map { ($0 & 0x7f) >> 2 }
    }
}
