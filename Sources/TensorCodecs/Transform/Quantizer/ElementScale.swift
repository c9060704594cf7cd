/// The scale of every element of a matrix.
struct ElementScale {
    private let rows: [Double]
    private let columns: [Double]

    init(_ scale: MatrixScale, _ form: MatrixForm) {
        rows = MatrixScale.factors(scale.rows[...])
        columns = MatrixScale.factors(scale.columns[...])
    }

    /// Calls `body` with the index and the scale of every element, row by row.
    func forEach(_ body: (Int, Double) -> Void) {
        var index = 0
        for row in rows {
            for column in columns {
                body(index, row * column)
                index += 1
            }
        }
    }

    /// Calls `body` with the number of a row, a first moment there in displacement, in grid units, and its largest
    /// magnitude (infinite where one is no number), row by row until it says `false`.
    /// - Returns: whether it never did.
    func forEachRow(
        _ first: [Float], _ second: [Float]?, _ rule: AdamUpdate, grid: Double,
        _ body: (Int, [Double], Double) -> Bool
    ) -> Bool {
        var line = [Double](repeating: 0, count: columns.count)
        for row in rows.indices {
            fill(&line, row, first, second, rule, grid)
            let largest = line.withUnsafeBufferPointer { line in
                var (found, unknown) = (0.0, UInt64(0))
                for value in line {
                    found = value.magnitude > found ? value.magnitude : found
                    unknown |= value == value ? 0 : 1
                }
                return unknown == 0 ? found : .infinity
            }
            guard body(row, line, largest) else { return false }
        }
        return true
    }

    private func fill(
        _ line: inout [Double], _ row: Int, _ first: [Float], _ second: [Float]?, _ rule: AdamUpdate, _ grid: Double
    ) {
        let (width, scale) = (columns.count, rows[row])
        let start = row * width
        line.withUnsafeMutableBufferPointer { line in
            columns.withUnsafeBufferPointer { columns in
                first.withUnsafeBufferPointer { first in
                    let first = UnsafeBufferPointer(rebasing: first[start..<start + width])
                    guard let second else {
                        for j in 0..<width {
                            line[j] = Double(first[j]) / (rule.factor * (scale * columns[j])) * grid
                        }
                        return
                    }
                    second.withUnsafeBufferPointer { second in
                        let second = UnsafeBufferPointer(rebasing: second[start..<start + width])
                        for j in 0..<width {
                            let gain = rule.factor * (Double(second[j]).squareRoot() + rule.epsilon)
                            line[j] = Double(first[j]) / (gain * (scale * columns[j])) * grid
                        }
                    }
                }
            }
        }
    }
}
