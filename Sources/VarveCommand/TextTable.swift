/// Aligned columns within a width.
struct TextTable {
    enum Alignment { case left, right }

    struct Column {
        var title: String
        var alignment: Alignment
    }

    let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The lines of the table, none longer than `width`: the first column gives way, its beginning replaced by `…`.
    func lines(width: Int) -> [String] {
        var widths = columns.map(\.title.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        let others = widths.dropFirst().reduce(0, +) + 2 * (columns.count - 1)
        widths[0] = max(8, min(widths[0], width - others))
        var titles = columns.map(\.title)
        titles[0] = String(titles[0].prefix(widths[0]))
        return ([titles] + rows).map { cells in
            var line = ""
            for (index, cell) in cells.enumerated() {
                if index > 0 { line += "  " }
                let text = Self.fit(cell, widths[index])
                let space = String(repeating: " ", count: widths[index] - text.count)
                line += columns[index].alignment == .left ? text + space : space + text
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The end of a name tells more than its beginning.
    private static func fit(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : "…" + text.suffix(width - 1)
    }
}
