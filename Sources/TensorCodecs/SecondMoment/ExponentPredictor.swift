/// What an exponent is coded against: the step before or, without one, the neighbour before.
struct ExponentPredictor {
    private let previous: [Int32]?
    private let shift: Int
    /// The neighbour before.
    private var isLastPresent = true
    /// The last present exponent.
    private var last: Int

    init(previous: [Int32]?, shift: Int) {
        self.previous = previous
        self.shift = shift
        last = shift
    }

    /// Whether the prediction of the exponent at `index` is present, and the value differences are against.
    func at(_ index: Int) -> (isPresent: Bool, value: Int) {
        guard let previous else { return (isLastPresent, last) }
        return previous[index] == RankOneExponents.absent ? (false, last) : (true, Int(previous[index]) + shift)
    }

    /// The exponent at the next index is known.
    mutating func note(_ exponent: Int32) {
        isLastPresent = exponent != RankOneExponents.absent
        if isLastPresent { last = Int(exponent) }
    }
}
