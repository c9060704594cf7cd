/// A long array of mostly zeros as its nonzero values and the zeros before each.
struct SparseValues {
    /// Zeros right before each value.
    private(set) var runs: [UInt32] = []
    /// The values, none of them 0.
    private(set) var values: [UInt8] = []
    /// Number of values up to the end of each piece that was appended.
    private(set) var ends: [Int] = []
    /// Length of the array, zeros included; below 2^32.
    private(set) var total = 0
    /// Zeros since the last value.
    private var open = 0

    /// Appends a piece. Runs go on across pieces.
    mutating func append(_ piece: UnsafeBufferPointer<UInt8>) {
        var previous = -1 - open
        let kept = IndexScan.nonzeroCount(piece)
        runs.reserveCapacity(runs.count + kept)
        values.reserveCapacity(values.count + kept)
        IndexScan.forEachNonzero(piece) { position in
            runs.append(UInt32(truncatingIfNeeded: position &- previous &- 1))
            values.append(piece[position])
            previous = position
        }
        open = piece.count - previous - 1
        total += piece.count
        precondition(total < 1 << 32, "a bundle holds fewer than 2^32 elements")
        ends.append(values.count)
    }

    /// The same places with other values.
    func with(values: [UInt8]) -> SparseValues {
        precondition(values.count == self.values.count, "one value per place")
        var copy = self
        copy.values = values
        return copy
    }

    /// The array written out.
    var dense: [UInt8] {
        var array = [UInt8](repeating: 0, count: total)
        var position = 0
        for (run, value) in zip(runs, values) {
            position += Int(run)
            array[position] = value
            position += 1
        }
        return array
    }

    /// Ranges of values that estimates look at: all, or four stretches of 2^14 spread evenly.
    var samples: [Range<Int>] {
        guard values.count > 1 << 16 else { return [0..<values.count] }
        return (0..<4).map { i in
            let start = (values.count - (1 << 14)) / 3 * i
            return start..<start + (1 << 14)
        }
    }
}
