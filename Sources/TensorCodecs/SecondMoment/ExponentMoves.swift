/// How readily exponents leave those of the step before: not at all within the hysteresis, and by whole units beyond.
/// The encoder's choice; the decoder needs not know it.
package struct ExponentMoves: Sendable, Hashable {
    /// In `QuarterOctaves`.
    let hysteresis: Int
    /// Quarter octaves.
    let unit: Int

    /// Nearest quarter octaves, .65 to stay: what the step before had costs little accuracy.
    package static let fine = ExponentMoves(hysteresis: QuarterOctaves.one * 65 / 100, unit: 1)
    /// Half octaves, 1.3 quarter octaves to stay: a third fewer bits. The error stays far below what rank 1 leaves over.
    package static let coarse = ExponentMoves(hysteresis: QuarterOctaves.one * 130 / 100, unit: 2)
    /// No hysteresis.
    static let nearest = ExponentMoves(hysteresis: 0, unit: 1)

    /// The move for a difference, in quarter octaves: the nearest whole number of units.
    func move(_ difference: Int) -> Int {
        guard abs(difference) > hysteresis else { return 0 }
        let size = unit * QuarterOctaves.one
        let units = (abs(difference) + size / 2) / size
        return difference < 0 ? -units * unit : units * unit
    }
}
