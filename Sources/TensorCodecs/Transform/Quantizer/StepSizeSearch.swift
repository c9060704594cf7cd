/// The search for the quantizer's largest step whose squared error is within a bound.
///
/// Errors grow with a power of the step that is not known beforehand: 2 where levels are large, less where most are zero. Two
/// tries tell it.
struct StepSizeSearch {
    /// The step to try.
    private(set) var size: Double
    private let bound: Double
    /// The last error that was too large, and by how much the step fell after it, in 64ths of an octave.
    private var before: (error: Double, fall: Int)?
    private var tries = 0

    /// Of the first try; later ones take it from the tries.
    private static let firstPower = 1.7
    private static let powers = 0.5...2.0
    /// Share of the bound that is aimed at.
    private static let aim = 0.97
    /// Tries that find out the power; then the step falls by half an octave at least, because what the format's own rounding
    /// adds to the error does not fall with the step.
    private static let nearTries = 3
    private static let farFall = 33
    private static let largestFall = 128

    init(from size: Double, bound: Double) {
        self.size = size
        self.bound = bound
    }

    /// Whether the error of `size` is too large; `size` is then a smaller one.
    mutating func isBeyond(_ error: Double) -> Bool {
        guard error > bound else { return false }
        tries += 1
        // The error may be infinite.
        let share = -PowerTable.log2(max(Self.aim * bound / error, 1e-30), parts: 64)
        var power = Self.firstPower
        if let before, before.error.isFinite, before.error > error {
            let errors = PowerTable.log2(before.error / error, parts: 64)
            power = min(
                max(Double(errors) / Double(before.fall), Self.powers.lowerBound), Self.powers.upperBound)
        }
        let least = tries <= Self.nearTries ? 1 : Self.farFall
        let fall = min(max(Int((Double(share) / power).rounded(.up)), least), Self.largestFall)
        size *= PowerTable.sixtyFourth(-fall)
        before = (error, fall)
        return true
    }
}
