/// Which elements of a tensor a piece holds: a run of the row-major elements of a box.
///
/// Shards by dimension are boxes with all of their elements; flat partitions are runs of the box that is the whole
/// tensor; a flat partition of a shard is a run of the shard's box. So this one form says them all.
package struct Placement: Sendable, Hashable {
    /// The box: first index and size in each dimension of the tensor.
    package var offsets: [Int]
    package var sizes: [Int]
    /// Elements of the box, in its own row-major order.
    package var range: Range<Int>

    package init(offsets: [Int], sizes: [Int], range: Range<Int>) {
        self.offsets = offsets
        self.sizes = sizes
        self.range = range
    }

    /// All of a box. Its volume must be known not to overflow.
    package init(offsets: [Int], sizes: [Int]) {
        self.init(offsets: offsets, sizes: sizes, range: 0..<sizes.reduce(1, *))
    }

    /// All of a tensor.
    package init(whole shape: [Int]) { self.init(offsets: shape.map { _ in 0 }, sizes: shape) }

    /// A run of a tensor's row-major elements.
    package init(_ range: Range<Int>, of shape: [Int]) {
        self.init(offsets: shape.map { _ in 0 }, sizes: shape, range: range)
    }

    /// Elements that the piece holds.
    package var count: Int { range.count }

    /// Elements of the box.
    package var volume: Int { sizes.reduce(1, *) }

    /// What is wrong with it as a placement in a tensor of that shape; `nil` if nothing is.
    package func fault(in shape: [Int]) -> String? {
        guard offsets.count == shape.count, sizes.count == shape.count else {
            return "a piece of \(sizes.count) dimensions in a tensor of \(shape.count)"
        }
        for (size, (offset, count)) in zip(shape, zip(offsets, sizes)) {
            guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
                return "a piece at \(offsets) of \(sizes) lies outside of \(shape)"
            }
        }
        guard range.lowerBound >= 0, range.upperBound <= volume else {
            return "a piece has elements \(range.lowerBound) to \(range.upperBound) of \(volume)"
        }
        return nil
    }
}
