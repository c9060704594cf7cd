/// The residual of a weight and what has to be known of it, from one pass over the tensors.
package struct ResidualScan: Sendable {
    /// Whether all its values are finite; they are not where one of the weight or of the predecessor is not.
    package private(set) var isFinite = true
    /// Whether the weight is its predecessor, bit for bit.
    package private(set) var isUnchanged = true
    /// Median of the absolute values; of those that are finite alone it is unspecified.
    package private(set) var median = 0.0

    /// Elements that go through all stages while they are in the cache nearest to the core.
    private static let block = 4096

    /// - Parameters:
    ///   - weight, predecessor: elements of `format`, as many as `output` holds; any alignment.
    ///   - room: for at least a quarter of the elements and 4,096 more; overwritten.
    package init(
        weight: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer, format: FloatFormat,
        into output: UnsafeMutableBufferPointer<Float>, room: UnsafeMutableBufferPointer<Float>
    ) {
        let size = format.elementSize
        var search = MedianSearch(count: output.count, room: room) {
            ResidualCodec.residual(weight: weight, predecessor: predecessor, format: format, at: $0)
        }
        var start = 0
        while start < output.count {
            let end = min(start + Self.block, output.count)
            let left = UnsafeRawBufferPointer(rebasing: weight[start * size..<end * size])
            let right = UnsafeRawBufferPointer(rebasing: predecessor[start * size..<end * size])
            let values = UnsafeMutableBufferPointer(rebasing: output[start..<end])
            ResidualCodec.residual(weight: left, predecessor: right, format: format, into: values)
            isFinite = isFinite && !FloatFormat.f32.hasNonFinite(UnsafeRawBufferPointer(values))
            isUnchanged = isUnchanged && left.isEqual(to: right)
            search.add(UnsafeBufferPointer(values))
            start = end
        }
        median = search.median(UnsafeBufferPointer(output))
    }
}
