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
