/// One-to-one assignments of a table's rows to its columns.
enum Assignment {
    /// An assignment with a large sum: the largest correlations first, then exchanges of two rows as long as they gain.
    /// Column by row; -1 where columns run out.
    static func best(_ table: UpdateCorrelation.Table) -> [Int] {
        var (result, used) = mutual(table)
        for cell in largestFirst(table, result, used) {
            let (row, column) = (cell / table.weights.count, cell % table.weights.count)
            if result[row] < 0, !used[column] { (result[row], used[column]) = (column, true) }
        }
        exchange(table, &result)
        return result
    }

    /// The pairs whose correlation is the largest of their row and of their column, then the same among what they leave.
    /// Taking the largest correlation first would take these in any case; so most of a large table need not be sorted.
    /// Ends when a round finds few.
    static func mutual(_ table: UpdateCorrelation.Table) -> (columns: [Int], used: [Bool]) {
        var result = [Int](repeating: -1, count: table.slots.count)
        var used = [Bool](repeating: false, count: table.weights.count)
        var rows = Array(table.slots.indices), columns = Array(table.weights.indices)
        while !rows.isEmpty, !columns.isEmpty {
            // Of equal ones the first row and the first column come first, as among the sorted.
            var best = [(row: Int, value: Float)](repeating: (-1, -.infinity), count: used.count)
            var favourites: [Int] = []
            for row in rows {
                var favourite = (column: -1, value: -Float.infinity)
                for column in columns {
                    let value = table[row, column]
                    if value > favourite.value { favourite = (column, value) }
                    if value > best[column].value { best[column] = (row, value) }
                }
                favourites.append(favourite.column)
            }
            let before = rows.count
            for (row, column) in zip(rows, favourites) where column >= 0 && best[column].row == row {
                (result[row], used[column]) = (column, true)
            }
            rows.removeAll { result[$0] >= 0 }
            columns.removeAll { used[$0] }
            if before - rows.count <= before / 8 { break }
        }
        return (result, used)
    }

    /// Cells (row * columns + column) of the rows and columns that are left, the largest correlation first.
    private static func largestFirst(_ table: UpdateCorrelation.Table, _ result: [Int], _ used: [Bool]) -> [Int] {
        let columns = used.indices.filter { !used[$0] }
        var cells: [(value: Float, cell: Int)] = []
        for row in result.indices where result[row] < 0 {
            for column in columns { cells.append((table[row, column], row * used.count + column)) }
        }
        cells.sort { $0.value != $1.value ? $0.value > $1.value : $0.cell < $1.cell }
        return cells.map(\.cell)
    }

    private static func exchange(_ table: UpdateCorrelation.Table, _ result: inout [Int]) {
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
    static func difference(_ table: UpdateCorrelation.Table, _ a: [Int], _ b: [Int]) -> (
        value: Float, noise: Float, rows: [Int]
    ) {
        let rows = a.indices.filter { a[$0] != b[$0] && a[$0] >= 0 && table.hasDirection[$0] }
        guard !rows.isEmpty else { return (0, .infinity, []) }
        var sum: Float = 0
        for row in rows { sum += table[row, a[row]] - (b[row] >= 0 ? table[row, b[row]] : 0) }
        let count = Float(rows.count)
        return (sum / count, table.noise * (2 / count).squareRoot(), rows)
    }
}
