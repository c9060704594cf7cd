import ArgumentParser

/// Steps and ranges of steps, with commas between: `100,200-500,900-`.
struct StepList: ExpressibleByArgument, Sendable {
    let ranges: [ClosedRange<Int>]

    init?(argument: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = StepRange(argument: String(part)) else { return nil }
            ranges.append(range.range)
        }
        self.ranges = ranges
    }
}
