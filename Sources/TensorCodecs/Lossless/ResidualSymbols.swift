/// How the difference d between an element's cell and its prediction's becomes a level for `IndexPacking` and raw bits.
///
/// |d| below 8 is its own magnitude; beyond, four magnitudes an octave: 8 + 4 (b - 4) + the two bits after the leading
/// one, b being the bit length, and the other b - 3 bits raw. The sign of d is the level's.
enum ResidualSymbols {
    /// An element that is kept as its whole word: infinity, NaN, far out of range.
    static let escape: Int32 = 120
    /// Differences have at most this many bits.
    static let longest: Int32 = 30
    /// Largest magnitude of a level that is no escape.
    static let largest: Int32 = 8 + 4 * (longest - 4) + 3

    /// Raw bits of a difference: its bit length less 3, or none.
    @inline(__always)
    static func rawBits(_ distance: UInt32) -> Int32 {
        29 &- Int32(truncatingIfNeeded: (distance | 4).leadingZeroBitCount)
    }

    @inline(__always)
    static func bitLength(_ magnitude: UInt32) -> Int32 {
        // Never 0, so that no branch has to tell.
        63 &- Int32(truncatingIfNeeded: (UInt64(magnitude) &<< 1 | 1).leadingZeroBitCount)
    }

    /// The level's magnitude.
    @inline(__always)
    static func magnitude(_ difference: UInt32, rawBits raw: Int32) -> Int32 {
        let top = Int32(bitPattern: difference &>> UInt32(bitPattern: raw))
        // 4...7 at the first octave beyond: 4 + 4 (b - 3) + the two bits.
        return top &+ 4 &* raw
    }

    /// What of a difference its level says, and how many raw bits follow.
    @inline(__always)
    static func difference(_ magnitude: Int32) -> (top: Int32, raw: Int32) {
        let raw = max((magnitude &>> 2) &- 1, 0)
        return (magnitude &- 4 &* raw, raw)
    }
}
