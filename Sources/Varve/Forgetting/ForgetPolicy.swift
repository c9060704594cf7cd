import FileSystem

/// Which steps to forget: those that no rule keeps, or those that are named.
public struct ForgetPolicy: Sendable, Hashable {
    /// The number of newest steps that stay, 1 or more; `nil` if this rule keeps none.
    public var keepLast: Int?
    /// Steps stay if their number is a multiple of it, 1 or more; `nil` if this rule keeps none.
    public var keepEvery: Int?
    /// The steps that are forgotten, and no others. It excludes the rules above. If it is empty, the rules hold.
    public var steps: [ClosedRange<Int>]
    /// Whether only first and second moments are forgotten. Weights and all other files then stay.
    public var momentsOnly: Bool

    /// Either rules (`keepLast`, `keepEvery`) or `steps` must be given.
    public init(
        keepLast: Int? = nil, keepEvery: Int? = nil, steps: [ClosedRange<Int>] = [], momentsOnly: Bool = false
    ) {
        self.keepLast = keepLast
        self.keepEvery = keepEvery
        self.steps = steps
        self.momentsOnly = momentsOnly
    }

    /// Whether it says nothing.
    var isEmpty: Bool { keepLast == nil && keepEvery == nil && steps.isEmpty }

    /// - Throws: `.usage` where it says nothing, or two things that exclude each other.
    func check() throws(VarveError) {
        let hasRules = keepLast != nil || keepEvery != nil
        guard hasRules || !steps.isEmpty else {
            throw VarveError(.usage, "say what to keep (`keepLast`, `keepEvery`) or what to forget (`steps`)")
        }
        guard !hasRules || steps.isEmpty else {
            throw VarveError(.usage, "`steps` says what to forget, `keepLast` and `keepEvery` what to keep: use one")
        }
        if let keepLast, keepLast < 1 { throw VarveError(.usage, "`keepLast` must be 1 or more") }
        if let keepEvery, keepEvery < 1 { throw VarveError(.usage, "`keepEvery` must be 1 or more") }
    }

    /// The steps to forget, of those that are there.
    /// - Parameters:
    ///   - present: visible steps, ascending.
    ///   - pins: steps that must stay.
    /// - Throws: `.usage` where a step is named that is not there, or pinned, or no step would be left.
    func selected(from present: [Int], pins: Set<Int>) throws(VarveError) -> [Int] {
        try check()
        guard steps.isEmpty else {
            let named = try StepNumbers.select(steps, from: present)
            if let pinned = named.first(where: pins.contains) {
                throw VarveError(.usage, "step \(pinned) is pinned; `Archive.unpin(\(pinned))` unpins it")
            }
            guard momentsOnly || named.count < present.count else {
                throw VarveError(.usage, "no step would be left; to have none, remove the archive's directory")
            }
            return named
        }
        let last = Set(present.suffix(keepLast ?? 0))
        let dropped = present.filter { step in
            !pins.contains(step) && !last.contains(step) && (keepEvery.map { step % $0 != 0 } ?? true)
        }
        // A rule that fits no step is a mistake rather than a wish to lose the run.
        return dropped.count == present.count ? Array(dropped.dropLast()) : dropped
    }
}

/// Steps named by numbers and ranges.
enum StepNumbers {
    /// - Throws: `.usage` for a single number that is not among `present`, or ranges with nothing in them.
    static func select(_ ranges: [ClosedRange<Int>], from present: [Int]) throws(VarveError) -> [Int] {
        for range in ranges where !present.contains(where: range.contains) {
            let what =
                range.lowerBound == range.upperBound
                ? "step \(range.lowerBound)" : "steps from \(range.lowerBound) on that are named"
            throw VarveError(.usage, "the archive has no \(what)")
        }
        return present.filter { step in ranges.contains { $0.contains(step) } }
    }
}
