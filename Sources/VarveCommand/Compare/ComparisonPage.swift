import Varve

/// The page of `varve compare --html`.
struct ComparisonPage {
    let comparison: Comparison

    var page: Page {
        let names = [comparison.first, comparison.second].map {
            String($0.archive.split(separator: "/").last ?? "archive")
        }
        let text = ComparisonText(comparison: comparison)
        let sentences = text.sentences.map { "<li>\(HTMLText.escaped(HTMLText.shortened($0, most: 1000)))</li>" }
        return Page(
            title: "\(names[0]) and \(names[1])", subtitle: "varve compare",
            content: """
                <section class="wide"><ul class="advice">\(sentences.joined())</ul></section>
                \(bytes)\(kept)\(steps.html)\(layers.html)
                """)
    }

    /// Columns of the charts; more steps than fit are left out evenly.
    private var shown: [Comparison.Step] {
        let every = max(1, (comparison.steps.count + StepGroup.most - 1) / StepGroup.most)
        return stride(from: 0, to: comparison.steps.count, by: every).map { comparison.steps[$0] }
    }

    private static let legend = [("weight", "A"), ("first", "B")]

    // MARK: Charts

    private var bytes: String {
        let steps = shown
        let most = steps.flatMap { [$0.first, $0.second] }.compactMap { $0?.storedBytes }.max() ?? 0
        let scale = ChartFrame.scale(upTo: Double(most)) { Units.bytes(UInt64($0)) }
        let frame = ChartFrame(
            columns: steps.count, label: "stored bytes of each step in both archives", heights: scale.labels,
            titles: steps.map { "\($0.step)" }, marks: steps.map { $0.firstIsKeyframe || $0.secondIsKeyframe })
        let bars = steps.enumerated().map { column, step in
            [(step.first, "A", "weight", ".1"), (step.second, "B", "first", ".5")].map { side, name, style, start in
                guard let side else { return "" }
                let height = Int((Double(side.storedBytes) / scale.end * Double(ChartFrame.height)).rounded())
                return """
                    <rect class="bar \(style)" x="\(column)\(start)" y="\(ChartFrame.height - height)" width=".4" \
                    height="\(height)"><title>step \(step.step), \(name): \(Units.bytes(side.storedBytes))</title></rect>
                    """
            }.joined()
        }
        return """
            <section class="broad" aria-labelledby="bytes-title"><h2 id="bytes-title">Bytes per step</h2>
            \(ChartFrame.legend(Self.legend + [("keyframe-mark", "keyframe of either")]))\
            <figure>\(frame.html(bars.joined()))</figure></section>

            """
    }

    private var kept: String {
        let steps = shown, shares = [steps.map(\.firstKept), steps.map(\.secondKept)]
        guard shares.contains(where: { $0.contains { $0 != nil } }) else { return "" }
        let frame = ChartFrame(
            columns: steps.count, label: "share of the change since the chain began that each step keeps",
            heights: ["100 %", "75 %", "50 %", "25 %", "0 %"], titles: steps.map { "\($0.step)" })
        let curves = zip(shares, Self.legend).map { values, entry in
            StepCurve(
                values: values.map { $0.map { min(1, max(0, $0)) } }, style: entry.0,
                titles: zip(steps, values).map { "step \($0.step), \(entry.1): \(Units.percent(max(0, $1 ?? 0)))" }
            ).svg
        }
        return """
            <section class="broad" aria-labelledby="kept-title"><h2 id="kept-title">Kept change since the chain began</h2>
            \(ChartFrame.legend(Self.legend.map { ("line \($0.0)", $0.1) }))\
            <figure>\(frame.html(curves.joined()))</figure></section>

            """
    }

    // MARK: Tables

    private static let columns = ["stored A", "stored B", "B / A", "error A", "error B"].map {
        StaticTable.Column(title: $0)
    }

    private var steps: StaticTable {
        var table = StaticTable(
            id: "steps", title: "Steps", caption: "Everything on disk for a step. The error is that of the weights.",
            columns: [.init(title: "step")] + Self.columns + [.init(title: "keyframe", isNumber: false)])
        for step in comparison.steps.prefix(Self.mostRows) {
            let keyframes = [step.firstIsKeyframe ? "A" : "", step.secondIsKeyframe ? "B" : ""].filter { !$0.isEmpty }
            table.rows.append(
                ["\(step.step)"] + ComparisonText.cells(step.first, step.second) + [keyframes.joined(separator: ", ")])
        }
        return table
    }

    private var layers: StaticTable {
        var table = StaticTable(
            id: "layers", title: "Layers",
            caption: "The steps that both archives have; errors of those that build on another.",
            columns: [.init(title: "layer", isNumber: false)] + Self.columns)
        for layer in comparison.layers.prefix(Self.mostRows) {
            table.rows.append([HTMLText.name(layer.layer)] + ComparisonText.cells(layer.first, layer.second))
        }
        if comparison.layers.count > Self.mostRows {
            table.caption += " The first \(Self.mostRows) of \(comparison.layers.count): --json has all."
        }
        return table
    }

    /// Lines that a page lists.
    private static let mostRows = 2000
}
