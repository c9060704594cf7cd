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

    @inline(__always)
    static func quantum(_ exponents: IntLanes) -> IntLanes {
        let quanta = exponents &- Lanes.all(mantissaBits)
        return -126 &- mantissaBits >= lowest ? quanta : Lanes.max(quanta, lowest)
    }
}
