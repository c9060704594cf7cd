/// Disjoint byte ranges of a file, sorted.
struct ClaimedRanges: Sendable {
    private(set) var ranges: [Range<UInt64>] = []

    /// Adds a range unless it overlaps one that is there.
    mutating func claim(_ range: Range<UInt64>) -> Bool {
        var low = 0, high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        if low > 0, ranges[low - 1].upperBound > range.lowerBound { return false }
        if low < ranges.count, ranges[low].lowerBound < range.upperBound { return false }
        ranges.insert(range, at: low)
        return true
    }

    /// Gives back a range that was claimed.
    mutating func release(_ range: Range<UInt64>) { ranges.removeAll { $0 == range } }
}
