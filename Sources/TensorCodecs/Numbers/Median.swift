/// The exact median of absolute values by radix selection on their bit patterns (which order like the values).
enum Median {
    /// Bits decided per round, from the top of the 31 bits below the sign.
    private static let rounds: [(shift: UInt32, bits: UInt32)] = [(20, 11), (10, 10), (0, 10)]

    /// Median of |values|; of an even count the mean of the two in the middle; 0 of none. O(n), at most two copies of
    /// the part still undecided.
    static func magnitude(_ values: UnsafeBufferPointer<Float>) -> Double {
        guard values.count > 0 else { return 0 }
        let (first, second) = middle(values, rank: (values.count - 1) / 2)
        guard values.count % 2 == 0 else { return Double(Float(bitPattern: first)) }
        return mean(first, second)
    }

    static func mean(_ first: UInt32, _ second: UInt32) -> Double {
        (Double(Float(bitPattern: first)) + Double(Float(bitPattern: second))) / 2
    }

    /// The keys (bit patterns of the absolute values) at `rank` and at the next rank in ascending order; the same one
    /// twice where there is no next.
    static func middle(_ values: UnsafeBufferPointer<Float>, rank: Int) -> (first: UInt32, second: UInt32) {
        let (key, atMost) = select(values, rank: rank)
        guard atMost < rank + 2, rank + 1 < values.count else { return (key, key) }
        // The next one is the smallest value above.
        var next = UInt32.max
        for value in values {
            let other = value.bitPattern & 0x7fff_ffff
            next = min(next, other > key ? other : .max)
        }
        return (key, next)
    }

    /// The key at `rank` in ascending order, and how many keys are not above it.
    private static func select(_ values: UnsafeBufferPointer<Float>, rank: Int) -> (key: UInt32, atMost: Int) {
        var counts = histogram(rounds[0].bits, values.count) {
            (values[$0].bitPattern & 0x7fff_ffff) >> rounds[0].shift
        }
        var (bin, below) = find(rank, in: counts, below: 0)
        var key = UInt32(bin) << rounds[0].shift
        var candidates: [UInt32] = []
        candidates.reserveCapacity(Int(counts[bin]))
        for value in values {
            let bits = value.bitPattern & 0x7fff_ffff
            if bits >> rounds[0].shift == UInt32(bin) { candidates.append(bits) }
        }
        for round in rounds.dropFirst() {
            let mask = (UInt32(1) << round.bits) - 1
            counts = candidates.withUnsafeBufferPointer { keys in
                histogram(round.bits, keys.count) { (keys[$0] >> round.shift) & mask }
            }
            (bin, below) = find(rank, in: counts, below: below)
            key |= UInt32(bin) << round.shift
            candidates.removeAll { ($0 >> round.shift) & mask != UInt32(bin) }
        }
        return (key, below + candidates.count)
    }

    @inline(__always)
    private static func histogram(_ bits: UInt32, _ count: Int, _ bin: (Int) -> UInt32) -> [Int] {
        // Two tables, so that equal neighbours do not wait for each other.
        var counts = [Int](repeating: 0, count: 2 << Int(bits))
        counts.withUnsafeMutableBufferPointer { table in
            for i in 0..<count { table[Int(bin(i)) &* 2 &+ (i & 1)] &+= 1 }
        }
        return (0..<1 << Int(bits)).map { counts[2 * $0] + counts[2 * $0 + 1] }
    }

    /// The bin that holds `rank` and the number of keys in bins before it.
    private static func find(_ rank: Int, in counts: [Int], below start: Int) -> (bin: Int, below: Int) {
        var below = start
        for (bin, count) in counts.enumerated() {
            if rank < below + count { return (bin, below) }
            below += count
        }
        preconditionFailure("a rank beyond the values")
    }
}
