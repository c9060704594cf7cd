import Varve

/// The page of `varve report --html`.
struct ReportPage {
    let report: Report
    /// The archive's path.
    let archive: String
    /// Whether the report has all steps.
    var isWhole = true

    var page: Page {
        let groups = StepGroup.all(report)
        let name = String(archive.split(separator: "/").last ?? "archive")
        let methods = report.steps.reduce(into: [String]()) { if !$0.contains($1.method) { $0.append($1.method) } }
        return Page(
            title: name, subtitle: subtitle(methods),
            content: """
                <section class="wide" aria-label="figures">\(ReportTiles(report: report).html)</section>
                \(Advice(report: report, isWhole: isWhole).html)\(BytesChart(groups: groups).html)\
                \(ErrorCharts(groups: groups).html)\(PageScript.sections)
                <noscript><section class="wide"><p class="note">The heat map, the treemap, the scatter and the table of all tensors \
                need the page's script. All else is here.</p></section></noscript>
                \(ReportTables(report: report, groups: groups).html)
                """,
            data: PageData(report, name: name).json)
    }

    private func subtitle(_ methods: [String]) -> String {
        let steps = report.steps, parameters = steps.last?.roles[.weight]?.elementCount ?? 0
        var parts = ["varve report"]
        if let first = steps.first, let last = steps.last {
            parts.append(steps.count == 1 ? "step \(first.number)" : "steps \(first.number) to \(last.number)")
        }
        if parameters > 0 { parts.append("\(Units.grouped(parameters)) weights") }
        if let last = steps.last { parts.append(Units.count(last.tensors.count, "tensor") + " a step") }
        if methods.count <= 3 { parts += methods }
        return HTMLText.escaped(parts.joined(separator: " \u{B7} "))
    }
}
