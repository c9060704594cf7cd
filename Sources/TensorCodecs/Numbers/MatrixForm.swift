/// How the transform sees a tensor: as a matrix, in tiles that are transformed one by one.
///
/// Vectors are one column. Three dimensions whose last two are 16 or more are a batch of matrices (experts), stacked
/// row over row and never mixed; everything else is (first dimension) x (rest).
package struct MatrixForm: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    /// Rows of one matrix of the batch; `rows` where there is one matrix.
    package let batchRows: Int

    /// A tile holds no more elements, so that work buffers stay small whatever the tensor's size.
    package static let largestTile = 1 << 22
    /// Batches are told from convolution kernels by the size of their last two dimensions.
    private static let smallestBatchSide = 16

    package init(_ shape: [Int]) {
        let count = shape.reduce(1, *)
        guard shape.count >= 2, count > 0 else {
            (rows, columns, batchRows) = (count, 1, count)
            return
        }
        if shape.count == 3, shape[1] >= Self.smallestBatchSide, shape[2] >= Self.smallestBatchSide {
            (rows, columns, batchRows) = (shape[0] * shape[1], shape[2], shape[1])
        } else {
            (rows, columns, batchRows) = (shape[0], count / shape[0], shape[0])
        }
    }

    package var count: Int { rows * columns }
    /// One row or one column: there is no second side to predict from.
    package var isVector: Bool { rows == 1 || columns == 1 }

    /// A rectangle of the matrix.
    package struct Tile: Sendable, Hashable {
        package var rows: Range<Int>
        package var columns: Range<Int>
        package var count: Int { rows.count * columns.count }
    }

    /// The tiles in the order in which their levels are stored: matrix by matrix, row of tiles by row of tiles.
    ///
    /// A matrix is split into equal pieces, its longer side halved until a tile fits.
    package var tiles: [Tile] {
        guard count > 0 else { return [] }
        var height = batchRows, width = columns
        while height * width > Self.largestTile {
            if height >= width { height = (height + 1) / 2 } else { width = (width + 1) / 2 }
        }
        var tiles: [Tile] = []
        for batch in stride(from: 0, to: rows, by: batchRows) {
            for top in stride(from: batch, to: batch + batchRows, by: height) {
                for left in stride(from: 0, to: columns, by: width) {
                    tiles.append(
                        Tile(
                            rows: top..<min(top + height, batch + batchRows), columns: left..<min(left + width, columns)
                        ))
                }
            }
        }
        return tiles
    }
}
