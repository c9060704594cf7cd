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

/// The exact median of a tensor's absolute values, from one pass over its blocks: a sample says between which two values
/// it will lie, only what lies there is kept. Where the sample was misleading, the tensor is gone through again.
struct MedianSearch {
    /// Values looked at first, and how far from the sample's middle the bounds lie: over four standard deviations.
    private static let sampleCount = 2048
    private static let margin = 100
    /// Below this many values a sample is not worth it.
    private static let smallest = 1 << 15

    private let total: Int
    private let low: UInt32
    private let high: UInt32
    private var belowLow = 0
    private var upToLow = 0
    private var upToHigh = 0
    /// Takes the absolute values strictly between the bounds.
    private let inside: UnsafeMutableBufferPointer<Float>
    private var insideCount = 0
    private var hasGivenUp: Bool

    /// - Parameters:
    ///   - room: for the values that are kept, a quarter of all and a block; with less the search may take longer. It
    ///     must stay until the median is asked for.
    ///   - value: the tensor's value at a position.
    @inline(__always)
    init(count: Int, room: UnsafeMutableBufferPointer<Float>, value: (Int) -> Float) {
        total = count
        inside = room
        hasGivenUp = count < Self.smallest
        guard !hasGivenUp else {
            (low, high) = (0, 0)
            return
        }
        // Positions by multiplication with the golden ratio: spread evenly, in step with no row length.
        let keys = (0..<UInt64(Self.sampleCount)).map { i in
            value(Int((i &* 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: UInt64(count)).high)).bitPattern
                & 0x7fff_ffff
        }.sorted()
        low = keys[Self.sampleCount / 2 - Self.margin]
        high = keys[Self.sampleCount / 2 + Self.margin]
    }

    /// Takes in the next block.
    mutating func add(_ values: UnsafeBufferPointer<Float>) {
        guard !hasGivenUp else { return }
        guard inside.count - insideCount >= values.count else {
            hasGivenUp = true
            return
        }
        // Keys have 31 bits, so the sign of a difference says which is larger: arithmetic, of which no compiler makes a
        // branch that no processor could foresee.
        let (low, high) = (Int32(bitPattern: low), Int32(bitPattern: high))
        var upToLow: UInt32 = 0, belowLow: UInt32 = 0, aboveHigh: UInt32 = 0
        for i in 0..<values.count {
            let key = Int32(bitPattern: values[i].bitPattern & 0x7fff_ffff)
            belowLow &+= UInt32(bitPattern: key &- low) &>> 31
            upToLow &+= UInt32(bitPattern: key &- low &- 1) &>> 31
            aboveHigh &+= UInt32(bitPattern: high &- key) &>> 31
        }
        self.belowLow += Int(belowLow)
        self.upToLow += Int(upToLow)
        upToHigh += values.count - Int(aboveHigh)
        var next = insideCount
        for i in 0..<values.count {
            let magnitude = values[i].magnitude
            let key = Int32(bitPattern: magnitude.bitPattern)
            inside[next] = magnitude
            next &+= Int(UInt32(bitPattern: (low &- key) & (key &- high)) &>> 31)
        }
        insideCount = next
    }

    /// The median of what was taken in.
    /// - Parameter values: the same again, in one piece.
    func median(_ values: UnsafeBufferPointer<Float>) -> Double {
        let rank = (total - 1) / 2
        guard !hasGivenUp, rank >= belowLow, rank < upToHigh else { return Median.magnitude(values) }
        var (first, second) = (low, low)
        if rank >= upToLow + insideCount {
            (first, second) = (high, high)
        } else if rank >= upToLow {
            let found = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(inside)[..<insideCount])
            (first, second) = Median.middle(found, rank: rank - upToLow)
        }
        guard total % 2 == 0 else { return Double(Float(bitPattern: first)) }
        // The next one lies past the group that holds the first.
        if rank + 1 == upToHigh { return Median.magnitude(values) }
        if rank + 1 == upToLow + insideCount {
            second = high
        } else if rank + 1 == upToLow {
            second = (0..<insideCount).reduce(high) { min($0, inside[$1].bitPattern) }
        }
        return Median.mean(first, second)
    }
}
