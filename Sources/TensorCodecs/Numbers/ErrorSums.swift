/// Sums of squares and the largest magnitude, over a tensor block by block, in a fixed order: four accumulators, element
/// i of the tensor in accumulator i mod 4. However it is cut into blocks, the result is the same.
package struct ErrorSums: Sendable {
    private var sums = SIMD4<Double>(repeating: 0)
    private var largest = SIMD4<Double>(repeating: 0)
    private var count = 0

    package init() {}

    package var measure: ErrorMeasure {
        var maximum = 0.0
        for lane in 0..<4 where !(largest[lane] <= maximum) { maximum = largest[lane] }
        return ErrorMeasure(squared: squared, maximum: maximum)
    }

    /// Sum of the squares alone.
    package var squared: Double { (sums[0] + sums[1]) + (sums[2] + sums[3]) }

    /// Adds the next block of differences.
    /// - Parameter onlySquares: leaves the largest one alone.
    @inline(__always)
    mutating func add(_ block: Int, onlySquares: Bool = false, difference: (Int) -> Double) {
        var (sums, largest) = (sums, largest)
        var i = 0
        while count & 3 != 0, i < block {
            addOne(difference(i), &sums, &largest)
            i &+= 1
        }
        count &+= max(0, block &- i) & ~3
        while i &+ 4 <= block {
            let d = SIMD4(difference(i), difference(i &+ 1), difference(i &+ 2), difference(i &+ 3))
            sums += d * d
            if !onlySquares {
                let magnitudeBits = SIMD4<UInt64>(repeating: 0x7fff_ffff_ffff_ffff)
                let size = unsafeBitCast(
                    unsafeBitCast(d, to: SIMD4<UInt64>.self) & magnitudeBits, to: SIMD4<Double>.self)
                // In this form it is one instruction. What is no number replaces what was there.
                largest = size.replacing(with: largest, where: largest .> size)
            }
            i &+= 4
        }
        while i < block {
            addOne(difference(i), &sums, &largest)
            i &+= 1
        }
        (self.sums, self.largest) = (sums, largest)
    }

    @inline(__always)
    private mutating func addOne(_ d: Double, _ sums: inout SIMD4<Double>, _ largest: inout SIMD4<Double>) {
        let lane = count & 3
        sums[lane] += d * d
        if !(abs(d) <= largest[lane]) { largest[lane] = abs(d) }
        count &+= 1
    }
}
