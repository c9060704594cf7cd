import Varve

/// Stored bytes of each step, stacked by role, with the keyframes marked.
struct BytesChart {
    let groups: [StepGroup]

    var html: String {
        let means = groups.map { Double($0.total.storedBytes) / Double(max(1, $0.steps.count)) }
        let scale = ChartFrame.scale(upTo: means.max() ?? 0) { Units.bytes(UInt64($0)) }
        let frame = ChartFrame(
            columns: groups.count, label: "stored bytes of each step by role", heights: scale.labels,
            titles: groups.map { "\($0.first)" }, marks: groups.map { $0.keyframes > 0 })
        let bars = groups.enumerated().map { bar($0.offset, $0.element, scale.end, isDense: frame.isDense) }
        let shown = Report.Category.allCases.filter { category in groups.contains { $0.sum(category).storedBytes > 0 } }
        let legend = shown.map { ($0.styleClass, $0.title) } + [("keyframe-mark", "keyframe")]
        let note = groups.contains { $0.steps.count > 1 } ? " Each bar is the mean of several steps." : ""
        return """
            <section class="broad" aria-labelledby="bytes-title"><h2 id="bytes-title">Bytes per step</h2>
            \(ChartFrame.legend(legend))<figure>\(frame.html(bars.joined()))<figcaption>\
            What each step takes in the archive, by role.\(note)</figcaption></figure></section>

            """
    }

    private func bar(_ column: Int, _ group: StepGroup, _ end: Double, isDense: Bool) -> String {
        let steps = Double(max(1, group.steps.count))
        var below = 0.0, parts = "", text: [String] = []
        for category in Report.Category.allCases {
            let bytes = group.sum(category).storedBytes
            guard bytes > 0 else { continue }
            let top = ChartFrame.height - Self.units(below + Double(bytes) / steps, end)
            let bottom = ChartFrame.height - Self.units(below, end)
            below += Double(bytes) / steps
            text.append("\(category.title) \(Units.bytes(bytes))")
            let (x, width) = isDense ? ("\(column)", "1") : ("\(column).12", ".76")
            parts += """
                <rect class="bar \(category.styleClass)" x="\(x)" y="\(top)" width="\(width)" height="\(bottom - top)"/>
                """
        }
        let what = "\(group.steps.count == 1 ? "step" : "steps") \(group.title)"
        let keyframe =
            group.keyframes == 0 ? "" : group.steps.count == 1 ? ", keyframe" : ", \(group.keyframes) keyframes"
        let title = "\(what)\(keyframe): \(Units.bytes(group.total.storedBytes)); " + text.joined(separator: ", ")
        return "<g><title>\(title)</title>\(parts)</g>"
    }

    private static func units(_ bytes: Double, _ end: Double) -> Int {
        Int((min(1, bytes / end) * Double(ChartFrame.height)).rounded())
    }
}

extension Report.Category {
    /// What people call it.
    var title: String {
        switch self {
        case .weight: "weights"
        case .firstMoment: "first moments"
        case .secondMoment: "second moments"
        case .other: "other tensors"
        case .payload: "files, manifests, headers"
        }
    }

    /// Its colour.
    var styleClass: String {
        switch self {
        case .weight: "weight"
        case .firstMoment: "first"
        case .secondMoment: "second"
        case .other: "other"
        case .payload: "payload"
        }
    }
}
