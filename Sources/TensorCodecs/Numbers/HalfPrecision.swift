/// Conversions between 16-bit formats and Float in integer and Float arithmetic alone: the same on every CPU, and
/// loops over them vectorize (the compiler's own Float16 is a library call where the CPU lacks F16C).
enum HalfPrecision {
    @inline(__always)
    static func float(bfloat16 bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }

    /// Rounded to nearest, ties to even; NaN stays NaN.
    @inline(__always)
    static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16
        let quiet = (bits >> 16) | 0x40
        return UInt16(truncatingIfNeeded: bits & 0x7fff_ffff > 0x7f80_0000 ? quiet : rounded)
    }

    @inline(__always)
    static func float(float16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7fff) << 13
        // 2^112 moves the exponent bias from 15 to 127 and normalises denormals exactly.
        let finite = (Float(bitPattern: magnitude) * Float(bitPattern: 0x7780_0000)).bitPattern
        let special = magnitude | 0x7f80_0000
        return Float(bitPattern: sign | (magnitude >= 0x0f80_0000 ? special : finite))
    }

    /// Rounded to nearest, ties to even; above 65519.99 infinity; NaN stays NaN.
    @inline(__always)
    static func float16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = (bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        // Normal results: move the bias, round the 13 bits below.
        let normal = (magnitude &- 0x3800_0000 &+ 0xfff &+ ((magnitude >> 13) & 1)) >> 13
        // Below 2^-14: adding 1/2 puts the last place of the sum at 2^-24, the spacing of denormals.
        let denormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3f00_0000
        let finite = magnitude < 0x3880_0000 ? denormal : normal
        let special: UInt32 = magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00
        return UInt16(truncatingIfNeeded: sign | (magnitude >= 0x477f_f000 ? special : finite))
    }
}
