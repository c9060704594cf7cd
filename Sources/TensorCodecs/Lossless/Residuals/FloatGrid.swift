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

/// Parts of float32 bit patterns.
enum FloatWord {
    /// Exponent fields.
    @inline(__always)
    static func fields(_ words: WordLanes) -> IntLanes {
        Lanes.signed((words &>> Lanes.all(UInt32(23))) & Lanes.all(UInt32(0xff)))
    }

    /// The exponents of numbers; those of the smallest normal one for denormals and zero.
    @inline(__always)
    static func exponents(_ fields: IntLanes) -> IntLanes { Lanes.max(fields, 1) &- Lanes.all(127) }

    /// The 24-bit significands, the implicit bit included.
    @inline(__always)
    static func significands(_ words: WordLanes) -> WordLanes {
        let isNormal = Lanes.isLess(Lanes.all(0), fields(words))
        return words & Lanes.all(UInt32(0x7f_ffff)) | Lanes.bits(Lanes.all(0x80_0000) & isNormal)
    }

    /// |x| in units of 2^size, rounded down; a size is at least the exponent less 27.
    @inline(__always)
    static func cells(_ words: WordLanes, _ exponents: IntLanes, _ sizes: IntLanes) -> IntLanes {
        let shifts = Lanes.min(Lanes.max(sizes &- exponents &+ Lanes.all(27), 0), 31)
        return Lanes.signed((significands(words) &<< Lanes.all(UInt32(4))) &>> Lanes.bits(shifts))
    }

    /// Cells of negative numbers are complements, so that -0 and 0 differ.
    @inline(__always)
    static func signed(_ cells: IntLanes, _ words: WordLanes) -> IntLanes {
        cells ^ (Lanes.signed(words) &>> Lanes.all(31))
    }
}
