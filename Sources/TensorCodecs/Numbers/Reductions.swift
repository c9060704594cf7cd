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

/// A sum over a tensor block by block, in the order of `Reductions`. All blocks but the last hold a multiple of eight
/// values.
struct EightSums {
    private var a = SIMD4<Double>(repeating: 0)
    private var b = SIMD4<Double>(repeating: 0)

    @inline(__always)
    mutating func add(_ values: UnsafeBufferPointer<Float>, _ term: (Float) -> Double) {
        var (a, b) = (a, b)
        var i = 0
        while i &+ 8 <= values.count {
            a += SIMD4(term(values[i]), term(values[i &+ 1]), term(values[i &+ 2]), term(values[i &+ 3]))
            b += SIMD4(term(values[i &+ 4]), term(values[i &+ 5]), term(values[i &+ 6]), term(values[i &+ 7]))
            i &+= 8
        }
        while i < values.count {
            if i & 7 < 4 { a[i & 3] += term(values[i]) } else { b[i & 3] += term(values[i]) }
            i &+= 1
        }
        (self.a, self.b) = (a, b)
    }

    var total: Double {
        let c = a + b
        return (c[0] + c[1]) + (c[2] + c[3])
    }
}
