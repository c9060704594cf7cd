/// Shortens centres so that they store compactly.
enum CentreRounding {
    /// `value` with `bits` bits after its leading one, rounded to nearest. The exponent keeps its range: denormals are
    /// rounded relative to their own leading bit, and nothing but zero becomes zero or infinite.
    static func rounded(_ value: Float, bits: Int) -> Float {
        let sign = value.bitPattern & 0x8000_0000
        let magnitude = value.bitPattern & 0x7fff_ffff
        let leading = magnitude >= 0x0080_0000 ? 23 : 31 - magnitude.leadingZeroBitCount
        let dropped = UInt32(max(leading - bits, 0))
        guard dropped > 0, value.isFinite else { return value }
        let mask = ~((UInt32(1) << dropped) - 1)
        let up = (magnitude + (UInt32(1) << (dropped - 1))) & mask
        return Float(bitPattern: sign | (up < 0x7f80_0000 ? up : magnitude & mask))
    }
}
