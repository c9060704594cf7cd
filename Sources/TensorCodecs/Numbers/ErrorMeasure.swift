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
