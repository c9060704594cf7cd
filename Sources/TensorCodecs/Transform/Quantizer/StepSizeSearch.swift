/// The search for the quantizer's largest step whose squared error is within a bound.
///
/// Errors grow with a power of the step that is not known beforehand: 2 where levels are large, less where most are zero. Two
/// tries tell it.
struct StepSizeSearch {
    /// The step to try.
    private(set) var size: Double
    private let bound: Double
    private var before: (size: Double, error: Double)?
    private var tries = 0

    /// Of the first try; later ones take it from the tries.
    private static let firstPower = 1.7
    private static let powers = 0.5...2.0
    /// Share of the bound that is aimed at.
    private static let aim = 0.97
    /// Of one try to the next: at most the first while the power is being found out, then the second, because what the format's
    /// own rounding adds to the error does not fall with the step.
    private static let largestFactors = (near: 0.98, far: 0.7)
    private static let nearTries = 3
    private static let smallestFactor = 0.25

    init(from size: Double, bound: Double) {
        self.size = size
        self.bound = bound
    }

    /// Whether the error of `size` is too large; `size` is then a smaller one.
    mutating func isBeyond(_ error: Double) -> Bool {
        guard error > bound else { return false }
        let tried = size
        tries += 1
        // The error may be infinite.
        let share = PowerTable.log2(max(Self.aim * bound / error, 1e-30), parts: 64)
        var power = Self.firstPower
        if let before, before.error.isFinite, before.error > error {
            let errors = PowerTable.log2(before.error / error, parts: 64)
            let sizes = max(1, PowerTable.log2(before.size / size, parts: 64))
            power = min(max(Double(errors) / Double(sizes), Self.powers.lowerBound), Self.powers.upperBound)
        }
        let factor = PowerTable.sixtyFourth(Int((Double(share) / power).rounded(.down)))
        let largest = tries <= Self.nearTries ? Self.largestFactors.near : Self.largestFactors.far
        size *= min(max(factor, Self.smallestFactor), largest)
        before = (tried, error)
        return true
    }
}
