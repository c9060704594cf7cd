/// Loops over Doubles whose result is the same on every machine: a fixed order of additions, multiplications,
/// divisions and square roots, nothing fused.
enum DeterministicLoops {
    /// 2^exponent, the exponent brought into -1000...1000.
    static func powerOfTwo(_ exponent: Int) -> Double {
        Double(sign: .plus, exponent: min(max(exponent, -1000), 1000), significand: 1)
    }

    /// To the nearest integer, halves to even; |value| below 2^51. Unlike `rounded()` it vectorises on every CPU.
    @inline(__always)
    static func rounded(_ value: Double) -> Double {
        (value + 0x1.8p52) - 0x1.8p52
    }

    /// To the nearest integer, halves away from zero, as `rounded()`; |value| below 2^51.
    @inline(__always)
    static func roundedAway(_ value: Double) -> Double {
        let even = rounded(value)
        let left = value - even
        let up: Double = left == 0.5 && value > 0 ? 1 : 0
        let down: Double = left == -0.5 && value < 0 ? 1 : 0
        return even + up - down
    }

    @inline(__always)
    static func roundedAway(_ value: SIMD4<Double>) -> SIMD4<Double> {
        let even = (value + 0x1.8p52) - 0x1.8p52
        let left = value - even
        let up = SIMD4<Double>().replacing(with: 1, where: (left .== 0.5) .& (value .> 0))
        let down = SIMD4<Double>().replacing(with: 1, where: (left .== -0.5) .& (value .< 0))
        return even + up - down
    }

    static func largestMagnitude(_ values: [Double]) -> Double {
        values.withUnsafeBufferPointer { values in
            var (a, b) = (0.0, 0.0)
            var i = 0
            while i &+ 1 < values.count {
                let (x, y) = (values[i].magnitude, values[i &+ 1].magnitude)
                a = x > a ? x : a
                b = y > b ? y : b
                i &+= 2
            }
            if i < values.count { a = max(a, values[i].magnitude) }
            return max(a, b)
        }
    }

    /// Four running sums, then their sum.
    @inline(__always)
    static func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
        var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
        var i = 0
        while i &+ 3 < count {
            a += x[i] * y[i]
            b += x[i &+ 1] * y[i &+ 1]
            c += x[i &+ 2] * y[i &+ 2]
            d += x[i &+ 3] * y[i &+ 3]
            i &+= 4
        }
        while i < count {
            a += x[i] * y[i]
            i &+= 1
        }
        return (a + b) + (c + d)
    }

    /// line -= factor * product, rounded to integers where the factor is below 1.
    /// - Returns: the largest magnitude of the result.
    static func subtract(
        _ product: UnsafeMutableBufferPointer<Double>, times factor: Double, _ isFine: Bool,
        from line: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        var (a, b) = (0.0, 0.0)
        let count = min(line.count, product.count)
        var i = 0
        if isFine {
            while i &+ 1 < count {
                let x = line[i] - rounded(product[i] * factor), y = line[i &+ 1] - rounded(product[i &+ 1] * factor)
                (line[i], line[i &+ 1]) = (x, y)
                a = x.magnitude > a ? x.magnitude : a
                b = y.magnitude > b ? y.magnitude : b
                i &+= 2
            }
        }
        while i < count {
            let x = line[i] - (isFine ? rounded(product[i] * factor) : product[i] * factor)
            line[i] = x
            a = x.magnitude > a ? x.magnitude : a
            i &+= 1
        }
        return max(a, b)
    }

    /// y += factor * x
    @inline(__always)
    static func add(
        _ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        var i = 0
        while i < count {
            y[i] += factor * x[i]
            i &+= 1
        }
    }
}
