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
