import Varve

/// A table that stands in the page as it is.
struct StaticTable {
    struct Column {
        var title: String
        var isNumber = true
    }

    var id: String
    var title: String
    var caption: String
    var columns: [Column]
    /// Cells as HTML.
    var rows: [[String]] = []

    /// Rows that are shown at once; more are folded away.
    private static let mostOpen = 40

    var html: String {
        let head = columns.enumerated().map { index, column in
            "<th scope=\"col\"\(index > 0 && column.isNumber ? " class=\"number\"" : "")>\(column.title)</th>"
        }
        let body = rows.map { row in
            "<tr>"
                + zip(columns, row).enumerated().map { index, cell in
                    index == 0
                        ? "<th scope=\"row\" class=\"name\">\(cell.1)</th>"
                        : "<td\(cell.0.isNumber ? " class=\"number\"" : " class=\"coding\"")>\(cell.1)</td>"
                }.joined() + "</tr>\n"
        }
        return """
            <section class="wide" aria-labelledby="\(id)-title"><details\(rows.count <= Self.mostOpen ? " open" : "")>
            <summary><h2 id="\(id)-title">\(title)</h2></summary>
            <div class="scroll" tabindex="0" role="region" aria-labelledby="\(id)-title"><table id="\(id)">
            <caption>\(caption)</caption><thead><tr>\(head.joined())</tr></thead>
            <tbody>\(body.joined())</tbody></table></div></details></section>

            """
    }
}

/// The tables of a report, which need no script.
struct ReportTables {
    let report: Report
    let groups: [StepGroup]

    var html: String { steps.html + roles.html + layers.html }

    private var steps: StaticTable {
        var table = StaticTable(
            id: "steps", title: "Steps", caption: "What each step takes, and what it keeps of the training's change.",
            columns: [
                .init(title: "step"), .init(title: "checkpoint", isNumber: false), .init(title: "", isNumber: false),
                .init(title: "original"), .init(title: "stored"), .init(title: "ratio"), .init(title: "weight error"),
                .init(title: "kept since before"), .init(title: "kept since the start"),
            ])
        for group in groups {
            let keyframe =
                group.steps.count == 1
                ? (group.keyframes == 1 ? "keyframe" : "")
                : group.keyframes == 0 ? "" : Units.count(group.keyframes, "keyframe")
            let path =
                group.steps.count == 1
                ? HTMLText.name(group.steps.first?.path ?? "") : Units.count(group.steps.count, "step")
            table.rows.append([
                group.title, path, keyframe, Units.bytes(group.total.originalBytes),
                Units.bytes(group.total.storedBytes),
                Units.ratio(group.total.ratio), group.error(.weight).map(Units.figure) ?? "-",
                Self.share(group.kept(\.sinceBefore)), Self.share(group.kept(\.sinceStart)),
            ])
        }
        return table
    }

    private static func share(_ value: Double?) -> String { value.map { Units.percent(max(0, $0)) } ?? "-" }

    private var roles: StaticTable {
        var table = StaticTable(
            id: "roles", title: "Roles", caption: "All steps. The roles add up to all that is on disk.",
            columns: ["role", "original", "stored", "ratio", "unchanged", "error"].map { .init(title: $0) })
        for category in Report.Category.allCases {
            guard let figures = report.roles[category], figures.storedBytes + figures.originalBytes > 0 else {
                continue
            }
            table.rows.append(
                [category.title] + Self.cells(figures, error: category == .payload ? nil : figures.relativeSquaredError)
            )
        }
        table.rows.append(["total"] + Self.cells(report.total, error: nil))
        return table
    }

    private static func cells(_ figures: Report.Figures, error: Double?) -> [String] {
        [
            Units.bytes(figures.originalBytes), Units.bytes(figures.storedBytes), Units.ratio(figures.ratio),
            Units.percent(figures.prunedShare), error.map(Units.figure) ?? "-",
        ]
    }

    /// Layers that a page lists; the others are one line.
    private static let mostLayers = 300

    private var layers: StaticTable {
        var table = StaticTable(
            id: "layers", title: "Layers",
            caption:
                "All steps, keyframes apart: they would drown what the chain costs. The error is that of the weights.",
            columns: ["layer", "original", "stored", "ratio", "unchanged", "error"].map { .init(title: $0) })
        let rows = GroupedReport(report, by: .layer).rows
        var shown = Set(rows.indices)
        if rows.count > Self.mostLayers {
            let largest = rows.indices.sorted {
                (rows[$0].figures.storedBytes, $1) > (rows[$1].figures.storedBytes, $0)
            }
            shown = Set(largest.prefix(Self.mostLayers))
        }
        for (index, row) in rows.enumerated() where shown.contains(index) {
            table.rows.append([HTMLText.name(row.name)] + Self.cells(row.figures, error: row.error))
        }
        let others = rows.indices.filter { !shown.contains($0) }
        if !others.isEmpty {
            let sum = others.reduce(into: Report.Figures()) { $0.add(rows[$1].figures) }
            table.rows.append(["\(Units.count(others.count, "smaller layer"))"] + Self.cells(sum, error: nil))
        }
        return table
    }
}
