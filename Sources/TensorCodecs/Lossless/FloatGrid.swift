/// Where the values of a float format lie on the real line, seen as float32.
///
/// Every value is (-1)^sign * significand * 2^(exponent - 23) with a 24-bit significand; the format leaves bits below
/// its `quantum` zero. A type for each format, so that loops over elements know its constants.
protocol FloatGrid {
    /// Mantissa bits, without the implicit one; at most 23.
    static var mantissaBits: Int32 { get }
    /// Exponent of the smallest positive value.
    static var lowest: Int32 { get }
}

/// float32, and float64 cut to its words.
enum FullGrid: FloatGrid {
    static var mantissaBits: Int32 { 23 }
    static var lowest: Int32 { -149 }
}

enum BrainGrid: FloatGrid {
    static var mantissaBits: Int32 { 7 }
    static var lowest: Int32 { -133 }
}

enum HalfGrid: FloatGrid {
    static var mantissaBits: Int32 { 10 }
    static var lowest: Int32 { -24 }
}

extension FloatGrid {
    /// Exponent of the last place of numbers from 2^exponent to below 2^(exponent + 1); exponents are -126 or more.
    @inline(__always)
    static func quantum(_ exponent: Int32) -> Int32 {
        -126 &- mantissaBits >= lowest ? exponent &- mantissaBits : max(exponent &- mantissaBits, lowest)
    }
}

/// Parts of a float32's bits.
enum FloatWord {
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
    static func cell(_ bits: UInt32, _ exponent: Int32, scale: Int32) -> Int32 {
        let shift = UInt64(truncatingIfNeeded: min(31 &- exponent &+ scale, 63))
        return Int32(truncatingIfNeeded: (UInt64(significand(bits)) &<< 8) &>> shift)
    }

    /// Cells of negative numbers are complements, so that -0 and 0 differ.
    @inline(__always)
    static func signed(_ cell: Int32, _ bits: UInt32) -> Int32 {
        cell ^ (Int32(bitPattern: bits) &>> 31)
    }
}
