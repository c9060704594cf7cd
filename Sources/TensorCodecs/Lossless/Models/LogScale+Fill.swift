extension LogScale {
    /// Writes the scales of the elements `range` of a row-major matrix.
    func fill(_ output: UnsafeMutablePointer<Int32>, _ range: Range<Int>) {
        guard !columns.isEmpty else {
            output.update(repeating: Int32(rows[0]), count: range.count)
            return
        }
        let width = columns.count
        var row = range.lowerBound / width, column = range.lowerBound % width
        var done = 0
        rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                while done < range.count {
                    let end = min(width, column + range.count - done)
                    let exponent = Int32(rows[row])
                    for j in column..<end {
                        output[done &+ j &- column] = max(exponent &+ Int32(columns[j]), Int32(Self.none))
                    }
                    done += end - column
                    (row, column) = (row + 1, 0)
                }
            }
        }
    }
}
