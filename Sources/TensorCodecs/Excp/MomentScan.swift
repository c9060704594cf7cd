/// What has to be known of a moment before it is quantized, from one pass over it, block by block.
package struct MomentScan: Sendable {
    private let format: FloatFormat
    private let magnitudes: Bool
    private var squares = ErrorSums()
    private var sum = EightSums()
    private var count = 0
    /// Whether all values are finite, and so small that a rounded centre is finite too.
    package private(set) var isUsable = true

    /// Elements that go through all stages while they are in the cache nearest to the core; a multiple of eight.
    private static let block = 4096

    /// - Parameter magnitudes: whether the mean is that of the absolute values.
    package init(_ format: FloatFormat, magnitudes: Bool) {
        self.format = format
        self.magnitudes = magnitudes
    }

    /// Mean of the values, or of their absolute values.
    package var mean: Double { sum.total / Double(max(count, 1)) }

    /// Sum of the squares.
    package var energy: Double { squares.squared }

    /// Takes in the next elements: a multiple of eight, but at the end.
    /// - Parameters:
    ///   - bytes: elements of the format.
    ///   - values: the same in Float; filled here unless it lies in the same memory.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, values: UnsafeMutableBufferPointer<Float>) {
        let size = format.elementSize
        let isConverted = UnsafeRawPointer(values.baseAddress) == bytes.baseAddress
        // Beyond these a rounded centre could become infinite.
        let limit: Float = format == .f16 ? 6e4 : 3e38
        count += values.count
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
    }

    private static func areBelow(_ limit: Float, _ values: UnsafeBufferPointer<Float>) -> Bool {
        var found: UInt32 = 0
        for value in values { found |= value.magnitude < limit ? 0 : 1 }
        return found == 0
    }
}
