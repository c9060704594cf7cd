/// How the difference d between an element's cell and its prediction's becomes a level for `RansCoder` and raw bits.
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

    /// The levels' magnitudes, and how many low bits of each distance are raw.
    @inline(__always)
    static func magnitudes(_ distances: IntLanes) -> (magnitudes: IntLanes, raw: IntLanes) {
        // A float's exponent and its two upper mantissa bits are what a magnitude is made of.
        let floats = Lanes.floatBits(distances)
        let coarse = (floats &>> Lanes.all(21)) &- Lanes.all(512)
        let raw = Lanes.max((floats &>> Lanes.all(23)) &- Lanes.all(129), 0)
        return (Lanes.select(Lanes.isLess(distances, Lanes.all(4)), distances, coarse), raw)
    }

    /// What of a distance its level says, the other bits being 0, and how many raw bits those are.
    @inline(__always)
    static func distances(_ magnitudes: IntLanes) -> (least: IntLanes, raw: IntLanes) {
        let raw = Lanes.max((magnitudes &>> Lanes.all(2)) &- Lanes.all(1), 0)
        let top = magnitudes &- (raw &<< Lanes.all(2))
        return (Lanes.signed(Lanes.bits(top) &<< Lanes.bits(raw)), raw)
    }
}
