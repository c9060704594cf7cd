/// Aligned columns within a width.
struct TextTable {
    enum Alignment { case left, right }

    struct Column {
        var title: String
        var alignment: Alignment
        /// Where there is no room for all, columns of the highest number go first; 0 stays.
        var expendable = 0
    }

    let columns: [Column]
    private var rows: [[String]] = []

    /// A name is not shortened further, even if less would tell it from the others.
    private static let shortestName = 20

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The lines of the table.
    /// - Parameter width: none of them is longer, by leaving out columns and then the middle of what stands in the first one;
    ///   `nil` for whatever they need, for programs that read them.
    func lines(width: Int?) -> [String] {
        var widths = columns.map(\.title.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        var shown = Array(columns.indices)
        if let width {
            func others() -> Int { shown.dropFirst().reduce(0) { $0 + widths[$1] + 2 } }
            let name = nameWidth(longest: widths[0])
            while others() + name > width,
                let next = shown.dropFirst().filter({ columns[$0].expendable > 0 }).max(by: {
                    columns[$0].expendable < columns[$1].expendable
                })
            {
                shown.removeAll { $0 == next }
            }
            widths[0] = max(min(widths[0], 8), min(widths[0], width - others()))
        }
        return ([columns.map(\.title)] + rows).map { cells in
            var line = ""
            for index in shown {
                if index > 0 { line += "  " }
                let text = Self.fit(cells[index], widths[index])
                let space = String(repeating: " ", count: widths[index] - text.count)
                line += columns[index].alignment == .left ? text + space : space + text
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The least width at which all names that differ still do; `longest` if there is none.
    private func nameWidth(longest: Int) -> Int {
        let names = Set(rows.map { $0[0] })
        return stride(from: min(Self.shortestName, longest), to: longest, by: 4).first { width in
            Set(names.map { Self.fit($0, width) }).count == names.count
        } ?? longest
    }

    /// Beginning and end of a name tell more than its middle, and the end more than the beginning.
    private static func fit(_ text: String, _ width: Int) -> String {
        guard text.count > width else { return text }
        let head = (width - 1) / 3
        return text.prefix(head) + "…" + text.suffix(width - 1 - head)
    }
}
