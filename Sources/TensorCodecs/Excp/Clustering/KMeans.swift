/// Deterministic 1-D k-means: exact dynamic programming on a histogram, then Lloyd rounds on a finer one.
enum KMeans {
    /// Lloyd rounds stop when no border moves; this bounds them.
    private static let roundLimit = 200

    /// At most `count` centres in ascending order that minimise the squared error of `values`.
    /// - Parameter values: finite.
    static func centres(_ values: UnsafeBufferPointer<Float>, count: Int) -> [Double] {
        let bins = ValueBins(values, atLeast: max(4 * count, 64))
        guard bins.count > count else { return (0..<bins.count).map(bins.mean) }
        let coarse = bins.coarsened(to: max(1024, 8 * count))
        let start = BorderSearch(coarse).borders(clusters: count)
        return refined(bins, centres: means(coarse, start))
    }

    /// Mean of each cluster between neighbouring borders.
    private static func means(_ bins: ValueBins, _ borders: [Int]) -> [Double] {
        zip(borders, borders.dropFirst()).map { from, to in
            bins.sums[from..<to].reduce(0, +) / bins.counts[from..<to].reduce(0, +)
        }
    }

    /// Lloyd rounds: borders half way between centres, centres at the means, until nothing moves. A cluster that loses
    /// all its bins is dropped.
    private static func refined(_ bins: ValueBins, centres: [Double]) -> [Double] {
        let means = (0..<bins.count).map(bins.mean)
        let prefix = Prefix(bins)
        var centres = centres
        var borders: [Int] = []
        for _ in 0..<roundLimit {
            let inner = zip(centres, centres.dropFirst()).map { firstAbove(($0 + $1) / 2, in: means) }
            let moved = [0] + inner + [bins.count]
            if moved == borders { break }
            borders = moved
            centres = zip(moved, moved.dropFirst()).compactMap { from, to in
                from < to ? prefix.sum(from, to) / prefix.count(from, to) : nil
            }
        }
        // Prefix differences lose precision where the values are small beside the rest: sum the clusters anew.
        let exact = borders.indices.dropLast().filter { borders[$0] < borders[$0 + 1] }.map { i in
            bins.sums[borders[i]..<borders[i + 1]].reduce(0, +) / bins.counts[borders[i]..<borders[i + 1]].reduce(0, +)
        }
        return exact
    }

    /// Position of the first mean above `value`.
    private static func firstAbove(_ value: Double, in means: [Double]) -> Int {
        var (low, high) = (0, means.count)
        while low < high {
            let middle = (low + high) / 2
            if means[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Running totals over bins.
    struct Prefix {
        private var counts: [Double] = [0]
        private var sums: [Double] = [0]

        init(_ bins: ValueBins) {
            for i in 0..<bins.count {
                counts.append(counts[i] + bins.counts[i])
                sums.append(sums[i] + bins.sums[i])
            }
        }

        @inline(__always)
        func count(_ from: Int, _ to: Int) -> Double { counts[to] - counts[from] }
        @inline(__always)
        func sum(_ from: Int, _ to: Int) -> Double { sums[to] - sums[from] }
    }
}

/// Shortens centres so that they store compactly.
enum CentreRounding {
    /// `value` with `bits` bits after its leading one, rounded to nearest. The exponent keeps its range: denormals are
    /// rounded relative to their own leading bit, and nothing but zero becomes zero or infinite.
    static func rounded(_ value: Float, bits: Int) -> Float {
        let sign = value.bitPattern & 0x8000_0000
        let magnitude = value.bitPattern & 0x7fff_ffff
        let leading = magnitude >= 0x0080_0000 ? 23 : 31 - magnitude.leadingZeroBitCount
        let dropped = UInt32(max(leading - bits, 0))
        guard dropped > 0, value.isFinite else { return value }
        let mask = ~((UInt32(1) << dropped) - 1)
        let up = (magnitude + (UInt32(1) << (dropped - 1))) & mask
        return Float(bitPattern: sign | (up < 0x7f80_0000 ? up : magnitude & mask))
    }
}
