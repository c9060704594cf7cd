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

    /// Sums over `count` differences in the order of `ErrorSums`.
    @inline(__always)
    init(_ count: Int, difference: (Int) -> Double) {
        var sums = ErrorSums()
        sums.add(count, difference: difference)
        self = sums.measure
    }
}

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

/// Blocks of stored elements.
extension ErrorSums {
    /// Adds the differences of the next elements of two tensors.
    package mutating func add(
        _ original: UnsafeRawBufferPointer, _ restored: UnsafeRawBufferPointer, format: FloatFormat
    ) {
        let count = min(format.count(original), format.count(restored))
        switch format {
        case .f32:
            add(count) { Double(StoredFloats.float(original, $0)) - Double(StoredFloats.float(restored, $0)) }
        case .bf16:
            add(count) { Double(StoredFloats.bfloat16(original, $0)) - Double(StoredFloats.bfloat16(restored, $0)) }
        case .f16:
            add(count) { Double(StoredFloats.float16(original, $0)) - Double(StoredFloats.float16(restored, $0)) }
        case .f64:
            add(count) { StoredFloats.double(original, $0) - StoredFloats.double(restored, $0) }
        }
    }

    /// Adds the squares of the next elements of one tensor; the largest one is not looked for.
    package mutating func addSquares(_ values: UnsafeRawBufferPointer, format: FloatFormat) {
        let count = format.count(values)
        switch format {
        case .f32: add(count, onlySquares: true) { Double(StoredFloats.float(values, $0)) }
        case .bf16: add(count, onlySquares: true) { Double(StoredFloats.bfloat16(values, $0)) }
        case .f16: add(count, onlySquares: true) { Double(StoredFloats.float16(values, $0)) }
        case .f64: add(count, onlySquares: true) { StoredFloats.double(values, $0) }
        }
    }
}
