/// What has to be known of a moment before it is quantized, from one pass over it.
package struct MomentScan: Sendable {
    /// Whether all values are finite, and so small that a rounded centre is finite too.
    package private(set) var isUsable = true
    /// Mean of the values, or of their absolute values.
    package private(set) var mean = 0.0
    /// Sum of the squares.
    package private(set) var energy = 0.0

    /// Elements that go through all stages while they are in the cache nearest to the core; a multiple of eight.
    private static let block = 4096

    /// - Parameters:
    ///   - bytes: elements of `format`.
    ///   - values: the same in Float; filled here unless it lies in the same memory.
    ///   - magnitudes: whether the mean is that of the absolute values.
    package init(
        _ bytes: UnsafeRawBufferPointer, format: FloatFormat, values: UnsafeMutableBufferPointer<Float>,
        magnitudes: Bool
    ) {
        let size = format.elementSize
        let isConverted = UnsafeRawPointer(values.baseAddress) == bytes.baseAddress
        // Beyond these a rounded centre could become infinite.
        let limit: Float = format == .f16 ? 6e4 : 3e38
        var squares = ErrorSums()
        var sum = EightSums()
        var start = 0
        while start < values.count {
            let end = min(start + Self.block, values.count)
            let part = UnsafeRawBufferPointer(rebasing: bytes[start * size..<end * size])
            let floats = UnsafeMutableBufferPointer(rebasing: values[start..<end])
            if !isConverted { format.convert(part, to: floats) }
            let block = UnsafeBufferPointer(floats)
            isUsable = isUsable && Self.areBelow(limit, block)
            squares.addSquares(part, format: format)
            if magnitudes { sum.add(block) { Double($0.magnitude) } } else { sum.add(block) { Double($0) } }
            start = end
        }
        energy = squares.squared
        mean = sum.total / Double(max(values.count, 1))
    }

    private static func areBelow(_ limit: Float, _ values: UnsafeBufferPointer<Float>) -> Bool {
        var found: UInt32 = 0
        for value in values { found |= value.magnitude < limit ? 0 : 1 }
        return found == 0
    }
}
