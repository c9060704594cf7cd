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

    /// Calls `body` with a first moment in displacement, in grid units, row by row.
    func forEachRow(
        _ first: [Float], _ second: [Float]?, _ rule: Displacement, grid: Double, _ body: ([Double]) -> Void
    ) {
        var line = [Double](repeating: 0, count: columns.count)
        for row in rows.indices {
            fill(&line, row, first, second, rule, grid)
            body(line)
        }
    }

    /// The largest magnitude of a first moment in displacement, in grid units; infinite where one is no number.
    func largestDisplacement(_ first: [Float], _ second: [Float]?, _ rule: Displacement, grid: Double) -> Double {
        var line = [Double](repeating: 0, count: columns.count)
        var largest = 0.0
        for row in rows.indices {
            fill(&line, row, first, second, rule, grid)
            line.withUnsafeBufferPointer { line in
                var (found, unknown) = (0.0, UInt64(0))
                for value in line {
                    found = value.magnitude > found ? value.magnitude : found
                    unknown |= value == value ? 0 : 1
                }
                largest = unknown == 0 ? max(largest, found) : .infinity
            }
            if largest == .infinity { return largest }
        }
        return largest
    }

    private func fill(
        _ line: inout [Double], _ row: Int, _ first: [Float], _ second: [Float]?, _ rule: Displacement, _ grid: Double
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
