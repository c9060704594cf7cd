/// Which weights each rule keeps out of weight decay: worked out once for all orders and groupings that are tried, because
/// the rules look for words in names.
struct NoDecayMarks {
    /// By weight: a bit for each of the rules that tell something, the most common rule's the lowest.
    private var marks: [UInt16]
    /// How many rules tell something.
    private(set) var count = 0

    /// Rules that mark the same weights as one before them are left out: they give the same groupings.
    init(_ weights: [Weight], among open: [Int]) {
        marks = [UInt16](repeating: 0, count: weights.count)
        var seen: Set<[Bool]> = []
        for rule in NoDecayRule.all {
            let matches = open.map { rule.matches(weights[$0]) }
            guard seen.insert(matches).inserted else { continue }
            for (weight, isMarked) in zip(open, matches) where isMarked { marks[weight] |= 1 << UInt16(count) }
            count += 1
        }
    }

    /// The weights of an order that a rule keeps out of decay, and the others.
    func split(_ order: [Int], by rule: Int) -> (without: [Int], with: [Int]) {
        var (without, with): ([Int], [Int]) = ([], [])
        for weight in order {
            if marks[weight] >> UInt16(rule) & 1 != 0 { without.append(weight) } else { with.append(weight) }
        }
        return (without, with)
    }
}
