/// Where the values of a float format lie on the real line, seen as float32.
///
/// Every value is (-1)^sign * significand * 2^(exponent - 23) with a 24-bit significand; the format leaves bits below
/// its `quantum` zero.
struct FloatGrid: Sendable {
    /// Mantissa bits, without the implicit one; at most 23.
    let mantissaBits: Int32
    /// Exponent of the smallest positive value.
    let lowest: Int32

    init(_ format: FloatFormat) {
        switch format {
        case .f32, .f64: (mantissaBits, lowest) = (23, -149)
        case .bf16: (mantissaBits, lowest) = (7, -133)
        case .f16: (mantissaBits, lowest) = (10, -24)
        }
    }

    /// Exponent of the last place of numbers from 2^exponent to below 2^(exponent + 1).
    @inline(__always)
    func quantum(_ exponent: Int32) -> Int32 { max(exponent &- mantissaBits, lowest) }

    /// The exponent of a number; that of the smallest normal one for denormals and zero.
    @inline(__always)
    static func exponent(_ bits: UInt32) -> Int32 {
        max(Int32(truncatingIfNeeded: (bits &>> 23) & 0xff), 1) &- 127
    }

    /// The 24-bit significand, the implicit bit included.
    @inline(__always)
    static func significand(_ bits: UInt32) -> UInt32 {
        (bits & 0x7f_ffff) | (bits & 0x7f80_0000 == 0 ? 0 : 0x80_0000)
    }

    /// |x| in units of 2^scale, rounded down; `scale` is at least the exponent less 31.
    @inline(__always)
    static func cell(_ bits: UInt32, scale: Int32) -> Int32 {
        let shift = UInt64(truncatingIfNeeded: min(31 &- exponent(bits) &+ scale, 63))
        return Int32(truncatingIfNeeded: (UInt64(significand(bits)) &<< 8) &>> shift)
    }

    /// Cells of negative numbers are complements, so that -0 and 0 differ.
    @inline(__always)
    static func signed(_ cell: Int32, _ bits: UInt32) -> Int32 {
        cell ^ (Int32(bitPattern: bits) &>> 31)
    }
}
