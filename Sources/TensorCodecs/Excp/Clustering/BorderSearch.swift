/// The best split of sorted bins into clusters, by dynamic programming.
///
/// Squared error is the sum of squares less sum^2 / count of each cluster, so the search maximises the latter. The best
/// last border moves only right as the end does; divide and conquer uses that: O(clusters * bins * log bins).
struct BorderSearch {
    private let counts: [Double]
    private let sums: [Double]
    private let bins: Int

    init(_ source: ValueBins) {
        var (counts, sums) = ([0.0], [0.0])
        for i in 0..<source.count {
            counts.append(counts[i] + source.counts[i])
            sums.append(sums[i] + source.sums[i])
        }
        (self.counts, self.sums, bins) = (counts, sums, source.count)
    }

    /// `clusters` + 1 ascending positions, from 0 to the number of bins; no cluster is empty.
    /// - Parameter clusters: at most the number of bins.
    func borders(clusters: Int) -> [Int] {
        precondition(clusters >= 1 && clusters <= bins, "as many clusters as bins at most")
        // gains[j]: best gain of the first j bins in the clusters so far; cuts[layer][j]: where the last one starts.
        var gains = (0...bins).map { $0 == 0 ? 0 : gain(0, $0) }
        var cuts = [Int32](repeating: 0, count: clusters * (bins + 1))
        var next = gains
        for layer in 1..<max(clusters, 1) {
            gains.withUnsafeBufferPointer { gains in
                next.withUnsafeMutableBufferPointer { next in
                    cuts.withUnsafeMutableBufferPointer { cuts in
                        let row = UnsafeMutableBufferPointer(
                            rebasing: cuts[layer * (bins + 1)..<(layer + 1) * (bins + 1)])
                        fill(layer + 1...bins, from: layer...bins - 1, gains, next, row)
                    }
                }
            }
            swap(&gains, &next)
        }
        var borders = [bins]
        for layer in stride(from: clusters - 1, to: 0, by: -1) {
            borders.append(Int(cuts[layer * (bins + 1) + borders[borders.count - 1]]))
        }
        return [0] + borders.reversed()
    }

    @inline(__always)
    private func gain(_ from: Int, _ to: Int) -> Double {
        let sum = sums[to] - sums[from]
        return sum * sum / (counts[to] - counts[from])
    }

    /// Best last borders for all `ends`, searched among `starts`.
    private func fill(
        _ ends: ClosedRange<Int>, from starts: ClosedRange<Int>, _ gains: UnsafeBufferPointer<Double>,
        _ next: UnsafeMutableBufferPointer<Double>, _ cuts: UnsafeMutableBufferPointer<Int32>
    ) {
        let end = (ends.lowerBound + ends.upperBound) / 2
        var best = -Double.infinity
        var cut = starts.lowerBound
        for start in starts.lowerBound...max(starts.lowerBound, min(starts.upperBound, end - 1)) {
            let value = gains[start] + gain(start, end)
            if value > best { (best, cut) = (value, start) }
        }
        next[end] = best
        cuts[end] = Int32(cut)
        if ends.lowerBound < end { fill(ends.lowerBound...end - 1, from: starts.lowerBound...cut, gains, next, cuts) }
        if end < ends.upperBound { fill(end + 1...ends.upperBound, from: cut...starts.upperBound, gains, next, cuts) }
    }
}
