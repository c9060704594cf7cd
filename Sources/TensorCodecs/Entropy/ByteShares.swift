/// Splits stored bytes among those they were stored for.
enum ByteShares {
    /// Whole numbers that add up to `bytes`, in proportion to `weights` (the largest remainders are rounded up, the
    /// earlier of two equal ones first). All weights zero: the first one gets everything.
    static func split(_ bytes: Int, by weights: [UInt64]) -> [Int] {
        guard let first = weights.indices.first else { return [] }
        // Scaled down so that sums and products stay below 2^63.
        let largest = weights.max() ?? 0
        let scale = UInt64(max(0, 24 - largest.leadingZeroBitCount))
        let scaled = weights.map { $0 >> scale }
        let total = scaled.reduce(0, +)
        var shares = [Int](repeating: 0, count: weights.count)
        guard total > 0 else {
            shares[first] = bytes
            return shares
        }
        var remainders: [(rest: UInt64, index: Int)] = []
        for (index, weight) in scaled.enumerated() {
            let product = UInt64(bytes).multipliedFullWidth(by: weight)
            let (quotient, rest) = total.dividingFullWidth(product)
            shares[index] = Int(quotient)
            remainders.append((rest, index))
        }
        let missing = bytes - shares.reduce(0, +)
        for entry in remainders.sorted(by: { ($1.rest, $0.index) < ($0.rest, $1.index) }).prefix(missing) {
            shares[entry.index] += 1
        }
        return shares
    }
}
