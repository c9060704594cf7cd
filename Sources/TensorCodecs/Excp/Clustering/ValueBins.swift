/// A fine histogram of values for 1-D clustering: how many values each bin holds and what they sum to, in ascending
/// order. Bins have 10 mantissa bits (about a thousandth of their value); few or crowded values get a bin each.
struct ValueBins {
    private(set) var counts: [Double] = []
    private(set) var sums: [Double] = []

    /// Mantissa bits below a bin's resolution.
    private static let dropped: UInt32 = 13
    /// Below this many values sorting is cheaper than a table.
    private static let sortLimit = 2048

    var count: Int { counts.count }

    /// Mean of the values in bin `index`.
    func mean(_ index: Int) -> Double { sums[index] / counts[index] }

    /// - Parameters:
    ///   - values: finite.
    ///   - minimum: bins wanted; with fewer, every distinct value becomes a bin.
    init(_ values: UnsafeBufferPointer<Float>, atLeast minimum: Int) {
        if values.count > Self.sortLimit {
            fill(values)
            if count >= minimum { return }
        }
        (counts, sums) = ([], [])
        var last = Float.nan
        for value in values.sorted() {
            if value != last {
                counts.append(0)
                sums.append(0)
                last = value
            }
            counts[counts.count - 1] += 1
            sums[sums.count - 1] += Double(value)
        }
    }

    /// Bins by sign and the upper bits of the magnitude, between the smallest and the largest magnitude there is.
    private mutating func fill(_ values: UnsafeBufferPointer<Float>) {
        var low = UInt32.max
        var high: UInt32 = 0
        for value in values {
            let magnitude = value.bitPattern & 0x7fff_ffff
            low = min(low, magnitude)
            high = max(high, magnitude)
        }
        let base = Int(low >> Self.dropped)
        let span = Int(high >> Self.dropped) - base + 1
        // Negative values fill the first half backwards.
        var table = [(count: Double, sum: Double)](repeating: (0, 0), count: 2 * span)
        table.withUnsafeMutableBufferPointer { table in
            for value in values {
                let bits = value.bitPattern
                let key = Int((bits & 0x7fff_ffff) >> Self.dropped) &- base
                let bin = bits >> 31 == 0 ? span &+ key : span &- 1 &- key
                table[bin].count += 1
                table[bin].sum += Double(value)
            }
        }
        for bin in table where bin.count > 0 {
            counts.append(bin.count)
            sums.append(bin.sum)
        }
    }

    /// Neighbours joined until at most about `limit` bins are left. A joined bin holds at most 2 / limit of the values
    /// and spans at most 2 / limit of the range, so dense and sparse regions both stay fine.
    func coarsened(to limit: Int) -> ValueBins {
        guard count > limit, let total = counts.indices.last.map({ _ in counts.reduce(0, +) }) else { return self }
        let most = 2 * total / Double(limit)
        let widest = 2 * (mean(count - 1) - mean(0)) / Double(limit)
        var result = ValueBins()
        var start = -Double.infinity
        for i in 0..<count {
            let last = result.count - 1
            if last >= 0, result.counts[last] + counts[i] <= most, mean(i) - start <= widest {
                result.counts[last] += counts[i]
                result.sums[last] += sums[i]
            } else {
                result.counts.append(counts[i])
                result.sums.append(sums[i])
                start = mean(i)
            }
        }
        return result
    }

    private init() {}
}
