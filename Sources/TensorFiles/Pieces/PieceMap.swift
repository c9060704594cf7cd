/// Where the bytes of a piece stand among a tensor's row-major bytes.
///
/// The position in the tensor grows with the position in the piece. So the bytes of a piece that lie between two positions
/// of the tensor are one run of the piece, however many pieces lie in between.
struct PieceMap {
    /// Dimensions, distances in bytes: first index and size of the box, distance in the tensor, distance in the box.
    private var dimensions: [(offset: Int, size: Int, stride: Int, step: Int)] = []
    /// Bytes of the box, and those of them that the piece holds.
    private let volume: Int
    let range: Range<Int>
    /// Bytes that lie side by side in the box and in the tensor.
    private let runLength: Int

    /// - Parameter placement: one that fits the shape.
    init(_ placement: Placement, shape: [Int], elementBytes: Int) {
        range = placement.range.lowerBound * elementBytes..<placement.range.upperBound * elementBytes
        var (stride, step) = (elementBytes, elementBytes)
        var run: Int?
        for index in shape.indices.reversed() {
            let (size, offset) = (placement.sizes[index], placement.offsets[index])
            if run == nil, size != shape[index] { run = step * size }
            dimensions.append((offset, size, stride, step))
            stride *= shape[index]
            step *= size
        }
        dimensions.reverse()
        volume = step
        runLength = run ?? step
    }

    /// Bytes of the piece that come before a position in the tensor.
    func rank(of position: Int) -> Int {
        min(max(boxRank(position), range.lowerBound), range.upperBound) - range.lowerBound
    }

    private func boxRank(_ position: Int) -> Int {
        var (rest, rank, left) = (position, 0, volume)
        for dimension in dimensions {
            guard dimension.stride > 0 else { return 0 }
            let index = rest / dimension.stride - dimension.offset
            if index < 0 { return rank }
            if index >= dimension.size { return rank + left }
            rest %= dimension.stride
            rank += index * dimension.step
            left = dimension.step
        }
        // Within the innermost element.
        return rank + min(rest, left)
    }

    /// Position in the tensor of a byte of the piece.
    func position(of byte: Int) -> Int {
        var (rest, position) = (byte + range.lowerBound, 0)
        for dimension in dimensions {
            position += (dimension.offset + rest / dimension.step) * dimension.stride
            rest %= dimension.step
        }
        return position + rest
    }

    /// Calls `body` with the runs of some of the piece's bytes: the first byte of the piece, where it stands in the tensor,
    /// how many follow one another in both.
    func forEachRun(in bytes: Range<Int>, _ body: (Int, Int, Int) -> Void) {
        var byte = bytes.lowerBound
        while byte < bytes.upperBound {
            let count = min(runLength - (byte + range.lowerBound) % runLength, bytes.upperBound - byte)
            body(byte, position(of: byte), count)
            byte += count
        }
    }

    /// Whether some of the piece's bytes follow one another in the tensor as well.
    func isOneRun(_ bytes: Range<Int>) -> Bool {
        bytes.isEmpty || position(of: bytes.upperBound - 1) - position(of: bytes.lowerBound) == bytes.count - 1
    }
}
