/// One side of a rank-1 fit: logarithms of what its rows (or columns) should be, and the exponents made of them.
///
/// Logarithms are in `QuarterOctaves`. An exponent of the step before stays as long as the fit is within the
/// hysteresis of `ExponentMoves`, because the differences between steps are what is stored.
struct ExponentSide {
    /// A logarithm that says: zero throughout.
    static let absent = Int.min
    /// A logarithm that says: zero, but it has to stay positive.
    static let smallest = Int.min + 1

    var logarithms: [Int]
    /// Of the step before, as many.
    var previous: [Int32]?
    var moves: ExponentMoves

    /// The exponents against a level: `level` is the logarithm that the other side takes over.
    func exponents(level: Int, moves: ExponentMoves) -> [Int32] {
        logarithms.indices.map { i in
            switch logarithms[i] {
            case Self.absent: return RankOneExponents.absent
            case Self.smallest: return RankOneExponents.smallest
            default: break
            }
            let logarithm = logarithms[i] - level
            guard let held = previous?[i], held != RankOneExponents.absent else {
                return Self.clamped(QuarterOctaves.rounded(logarithm))
            }
            return Self.clamped(Int(held) + moves.move(logarithm - Int(held) * QuarterOctaves.one))
        }
    }

    private static func clamped(_ exponent: Int) -> Int32 {
        Int32(min(max(exponent, Int(RankOneExponents.range.lowerBound)), Int(RankOneExponents.range.upperBound)))
    }

    /// The level that lets most exponents of the step before stay; 0 without any.
    func steadiestLevel() -> Int {
        let differences = differences().sorted()
        var (best, level, low) = (0, 0, 0)
        for high in differences.indices {
            while differences[high] - differences[low] > 2 * moves.hysteresis { low += 1 }
            let middle = (differences[high] + differences[low]) / 2
            if (high - low + 1, -abs(middle)) > (best, -abs(level)) { (best, level) = (high - low + 1, middle) }
        }
        return level
    }

    /// The whole number of quarter octaves by which the exponents of the step before move together so that most need
    /// no move of their own; 0 without any.
    func steadiestShift() -> Int32 {
        var held: [Int: Int] = [:]
        for difference in differences() {
            let nearest = QuarterOctaves.rounded(difference)
            for shift in nearest - moves.unit...nearest + moves.unit
            where abs(difference - shift * QuarterOctaves.one) <= moves.hysteresis {
                held[shift, default: 0] += 1
            }
        }
        let best = held.max { ($0.value, -abs($0.key), $0.key) < ($1.value, -abs($1.key), $1.key) }
        return Int32(best?.key ?? 0)
    }

    /// Logarithms less those of the step before, where both are there.
    private func differences() -> [Int] {
        guard let previous else { return [] }
        return zip(logarithms, previous).compactMap { logarithm, held in
            logarithm <= Self.smallest || held == RankOneExponents.absent
                ? nil : logarithm - Int(held) * QuarterOctaves.one
        }
    }

    /// Sum of the powers that exponents stand for.
    static func sum(_ exponents: [Int32]) -> Double {
        exponents.reduce(0) { $0 + ($1 == RankOneExponents.absent ? 0 : QuarterOctaves.power($1)) }
    }

    /// This side's exponents against those the other side now has. Hysteresis gives way where it would not leave the
    /// total `isLevel`.
    func against(_ other: [Int32], isLevel: ([Int32]) -> Bool) -> [Int32] {
        // Mean over the other side's entries, absent ones included, as the means of this side are.
        let sum = Self.sum(other)
        guard sum > 0 else { return exponents(level: 0, moves: moves) }
        let level = QuarterOctaves.logarithm(sum / Double(other.count))
        var side = ExponentSide(
            logarithms: logarithms.map { $0 <= Self.smallest ? $0 : $0 - level }, previous: previous,
            moves: moves)
        let shift = side.steadiestShift()
        side.previous = previous?.map { $0 == RankOneExponents.absent ? $0 : $0 + shift }
        let held = side.exponents(level: 0, moves: moves)
        return isLevel(held) ? held : side.exponents(level: 0, moves: .nearest)
    }
}

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
