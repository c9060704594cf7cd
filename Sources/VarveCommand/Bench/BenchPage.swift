import Varve

/// The page of `varve bench --html`: what each quality costs and gives, as charts and a table.
struct BenchPage {
    let result: BenchResult

    var page: Page {
        let name = String(result.run.split(separator: "/").last ?? "run")
        let steps = result.checkpoints.map { "\($0.step)" }
        let shown = steps.count <= 6 ? steps.joined(separator: ", ") : "\(steps.first ?? "") to \(steps.last ?? "")"
        let subtitle = [
            "varve bench", "\(steps.count == 1 ? "step" : "steps") \(shown)", Units.bytes(result.originalBytes),
            Units.count(result.threads, "thread"),
        ]
        return Page(
            title: name, subtitle: HTMLText.escaped(subtitle.joined(separator: " \u{B7} ")),
            content: evaluations + errors + table.html + notices)
    }

    private var ratios: PointChart.Axis { .logarithmic(result.rows.map(\.ratio), Units.ratio) }

    // MARK: Charts

    private var errors: String {
        let lossy = result.rows.compactMap { $0.check == .identical ? nil : $0.weightError }
        let points = result.rows.compactMap { row -> PointChart.Point? in
            let isExact = row.check == .identical
            guard isExact || (row.weightError ?? 0) > 0 else { return nil }
            let error = isExact ? nil : row.weightError
            let says =
                "\(row.quality): \(Units.ratio(row.ratio)), \(error.map { "error \(Units.figure($0))" } ?? "exact")"
            return .init(name: row.quality, x: row.ratio, y: error, says: says)
        }
        guard !points.isEmpty else { return "" }
        let chart = PointChart(
            label: "ratio against weight error", points: points, xTitle: "ratio",
            yTitle: "weight error: squared error over squared change", x: ratios,
            y: .logarithmic(lossy, least: points.contains { $0.y == nil } ? "exact" : nil, Units.figure))
        return Self.section("errors", "Ratio against error", chart)
    }

    private var evaluations: String {
        guard let command = result.evaluate else { return "" }
        let points = result.rows.compactMap { row in
            row.evaluation.map {
                PointChart.Point(
                    name: row.quality, x: row.ratio, y: $0,
                    says: "\(row.quality): \(Units.ratio(row.ratio)), evaluation \(BenchResult.evaluation($0))")
            }
        }
        guard !points.isEmpty else { return "" }
        let values = points.compactMap(\.y) + [result.originalEvaluation].compactMap(\.self)
        let chart = PointChart(
            label: "ratio against the evaluation", points: points, xTitle: "ratio",
            yTitle: "evaluation: \(HTMLText.shortened(command, most: 200))", x: ratios,
            y: .linear(values, Units.sixDigits), line: result.originalEvaluation.map { ($0, "original") })
        return Self.section("evaluations", "Ratio against the evaluation", chart)
    }

    private static func section(_ id: String, _ title: String, _ chart: PointChart) -> String {
        """
        <section class="broad" aria-labelledby="\(id)-title"><h2 id="\(id)-title">\(title)</h2>
        <figure>\(chart.html)</figure></section>

        """
    }

    // MARK: Table

    private var table: StaticTable {
        var titles = ["stored", "ratio", "last step", "keyframe", "delta", "restore", "memory", "weight error"]
        if result.evaluate != nil { titles.append("evaluation") }
        var table = StaticTable(
            id: "qualities", title: "Qualities",
            caption:
                "Speeds in bytes of checkpoint by the clock; memory: the most that compressing or restoring had at once.",
            columns: [.init(title: "quality", isNumber: false)] + titles.map { .init(title: $0) })
        if result.evaluate != nil {
            table.rows.append(
                ["original", Units.bytes(result.originalBytes)] + titles.dropFirst().dropLast().map { _ in "-" }
                    + [BenchResult.evaluation(result.originalEvaluation)])
        }
        for row in result.rows {
            let cells = [HTMLText.escaped(row.quality), Units.bytes(row.storedBytes)] + BenchResult.cells(row)
            table.rows.append(result.evaluate == nil ? cells : cells + [BenchResult.evaluation(row.evaluation)])
        }
        return table
    }

    private var notices: String {
        guard !result.notices.isEmpty else { return "" }
        let items = result.notices.map { "<li>\(HTMLText.escaped(HTMLText.shortened($0, most: 1000)))</li>" }
        return "<section class=\"wide\"><h2>Notes</h2><ul class=\"advice\">\(items.joined())</ul></section>\n"
    }
}
