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
