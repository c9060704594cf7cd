/// One-to-one assignments of a table's rows to its columns.
enum Assignment {
    /// An assignment with a large sum: the largest correlations first, then exchanges of two rows as long as they gain.
    /// Column by row; -1 where columns run out.
    static func best(_ table: Evidence.Table) -> [Int] {
        let (rows, columns) = (table.slots.count, table.weights.count)
        var cells: [(row: Int, column: Int)] = []
        for row in 0..<rows {
            for column in 0..<columns { cells.append((row, column)) }
        }
        cells.sort {
            let (x, y) = (table[$0.row, $0.column], table[$1.row, $1.column])
            return x != y ? x > y : ($0.row, $0.column) < ($1.row, $1.column)
        }
        var result = [Int](repeating: -1, count: rows)
        var used = [Bool](repeating: false, count: columns)
        for cell in cells where result[cell.row] < 0 && !used[cell.column] {
            result[cell.row] = cell.column
            used[cell.column] = true
        }
        exchange(table, &result)
        return result
    }

    private static func exchange(_ table: Evidence.Table, _ result: inout [Int]) {
        let rows = result.count
        guard rows <= 512 else { return }
        for _ in 0..<8 {
            var gained = false
            for a in 0..<rows {
                for b in a + 1..<max(rows, a + 1) where result[a] >= 0 && result[b] >= 0 {
                    let now = table[a, result[a]] + table[b, result[b]]
                    let then = table[a, result[b]] + table[b, result[a]]
                    if then > now + 1e-6 {
                        result.swapAt(a, b)
                        gained = true
                    }
                }
            }
            if !gained { return }
        }
    }

    /// By how much one assignment correlates better than another, on average over the rows where they differ and
    /// that have a direction; with what chance makes of such an average.
    static func difference(_ table: Evidence.Table, _ a: [Int], _ b: [Int]) -> (value: Float, noise: Float, rows: [Int])
    {
        let rows = a.indices.filter { a[$0] != b[$0] && a[$0] >= 0 && table.hasDirection[$0] }
        guard !rows.isEmpty else { return (0, .infinity, []) }
        var sum: Float = 0
        for row in rows { sum += table[row, a[row]] - (b[row] >= 0 ? table[row, b[row]] : 0) }
        let count = Float(rows.count)
        return (sum / count, table.noise * (2 / count).squareRoot(), rows)
    }
}
