/// What quantization did to a tensor.
package struct ErrorMeasure: Sendable, Hashable {
    /// Sum of squared differences.
    package var squared: Double = 0
    /// Largest absolute difference.
    package var maximum: Double = 0

    package init(squared: Double = 0, maximum: Double = 0) {
        self.squared = squared
        self.maximum = maximum
    }

    /// Both tensors' errors together.
    package static func + (left: ErrorMeasure, right: ErrorMeasure) -> ErrorMeasure {
        ErrorMeasure(squared: left.squared + right.squared, maximum: Swift.max(left.maximum, right.maximum))
    }

    /// Sums over `count` differences in a fixed order: four accumulators, element i in accumulator i mod 4.
    @inline(__always)
    init(_ count: Int, difference: (Int) -> Double) {
        var sums = SIMD4<Double>(repeating: 0)
        var largest = SIMD4<Double>(repeating: 0)
        var i = 0
        while i &+ 4 <= count {
            let d = SIMD4(difference(i), difference(i &+ 1), difference(i &+ 2), difference(i &+ 3))
            sums += d * d
            let size = d.replacing(with: -d, where: d .< 0)
            largest.replace(with: size, where: .!(size .<= largest))
            i &+= 4
        }
        while i < count {
            let d = difference(i)
            sums[i & 3] += d * d
            if !(abs(d) <= largest[i & 3]) { largest[i & 3] = abs(d) }
            i &+= 1
        }
        squared = (sums[0] + sums[1]) + (sums[2] + sums[3])
        maximum = 0
        for lane in 0..<4 where !(largest[lane] <= maximum) { maximum = largest[lane] }
    }
}
