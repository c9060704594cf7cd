package import FileSystem

/// A one-dimensional buffer in which frameworks lay parameters one after the other, and the runs of files that it is in.
package struct FlatBuffer: Sendable {
    private struct Segment {
        /// First element.
        var start: Int
        var count: Int
        var file: Int
        var offset: UInt64
    }

    package let dtype: DType
    private var segments: [Segment] = []
    /// Elements so far.
    package private(set) var count = 0

    package init(_ dtype: DType) { self.dtype = dtype }

    /// Lets a run of a file follow.
    package mutating func append(_ count: Int, file: Int, offset: UInt64) throws(VarveError) {
        guard count > 0 else { return }
        let (sum, overflow) = self.count.addingReportingOverflow(count)
        guard !overflow, sum < 1 << 56 else { throw VarveError(.malformed, "a flat buffer of impossible size") }
        segments.append(Segment(start: self.count, count: count, file: file, offset: offset))
        self.count = sum
    }

    /// The pieces of the elements `range` of the buffer, which are those of a box, in its row-major order.
    /// - Returns: `nil` where the buffer ends before them.
    /// - Parameter first: position in the box of the first of them.
    package func pieces(_ range: Range<Int>, offsets: [Int], sizes: [Int], from first: Int = 0) -> [TensorPiece]? {
        guard range.lowerBound >= 0, range.upperBound <= count else { return nil }
        let size = UInt64(dtype.bits / 8)
        var pieces: [TensorPiece] = []
        var index = start(range.lowerBound)
        while index < segments.count, segments[index].start < range.upperBound {
            let segment = segments[index]
            let part = range.clamped(to: segment.start..<segment.start + segment.count)
            if !part.isEmpty {
                let start = part.lowerBound - range.lowerBound + first
                pieces.append(
                    TensorPiece(
                        file: segment.file, offset: segment.offset + UInt64(part.lowerBound - segment.start) * size,
                        placement: Placement(offsets: offsets, sizes: sizes, range: start..<start + part.count)))
            }
            index += 1
        }
        return pieces
    }

    private func start(_ element: Int) -> Int {
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].start <= element { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
