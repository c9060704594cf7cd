/// Sums in a fixed order: eight Double accumulators, element i in accumulator i mod 8, added pairwise at the end.
enum Reductions {
    /// Mean of the values; 0 of none.
    static func mean(_ values: UnsafeBufferPointer<Float>) -> Double {
        sum(values) { Double($0) } / Double(max(values.count, 1))
    }

    /// Mean of the absolute values; 0 of none.
    static func meanMagnitude(_ values: UnsafeBufferPointer<Float>) -> Double {
        sum(values) { Double($0.magnitude) } / Double(max(values.count, 1))
    }

    @inline(__always)
    private static func sum(_ values: UnsafeBufferPointer<Float>, _ term: (Float) -> Double) -> Double {
        var sum = EightSums()
        sum.add(values, term)
        return sum.total
    }

    /// The largest Float not above `value`: x > value and x > roundedDown(value) then say the same for every Float x.
    static func roundedDown(_ value: Double) -> Float {
        let nearest = Float(value)
        return Double(nearest) > value ? nearest.nextDown : nearest
    }
}
