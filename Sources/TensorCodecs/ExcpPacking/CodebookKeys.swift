/// Codebooks as integers: sign and magnitude of each Float's bits, so that ascending values are ascending keys.
enum CodebookKeys {
    /// The bit pattern of the largest finite Float.
    private static let limit: Int64 = 0x7f7f_ffff

    static func key(_ value: Float) -> Int64 {
        let magnitude = Int64(value.bitPattern & 0x7fff_ffff)
        return value.sign == .minus ? -magnitude : magnitude
    }

    /// nil where no finite Float has that key.
    static func value(_ key: Int64) -> Float? {
        guard key.magnitude <= UInt64(limit) else { return nil }
        let magnitude = UInt32(truncatingIfNeeded: key.magnitude)
        return Float(bitPattern: key < 0 ? magnitude | 0x8000_0000 : magnitude)
    }

    /// Low bits that are zero in all keys: what rounded centres do not use.
    static func shift(_ codebook: [Float]) -> Int {
        let bits = codebook.reduce(UInt64(0)) { $0 | key($1).magnitude }
        return bits == 0 ? 0 : min(bits.trailingZeroBitCount, 31)
    }

    /// 0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
