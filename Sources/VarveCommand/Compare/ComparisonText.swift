import Varve

/// A comparison as tables and sentences for a terminal.
struct ComparisonText {
    let comparison: Comparison

    func steps(width: Int?) -> [String] {
        table(
            "step",
            comparison.steps.map { step in
                let marks = [step.firstIsKeyframe ? "A" : "", step.secondIsKeyframe ? "B" : ""].joined()
                return ("\(step.step)", step.first, step.second, marks)
            }, note: "keyframe", width: width)
    }

    func layers(width: Int?) -> [String] {
        table("layer", comparison.layers.map { ($0.layer, $0.first, $0.second, "") }, note: nil, width: width)
    }

    private func table(
        _ title: String, _ rows: [(name: String, first: Comparison.Side?, second: Comparison.Side?, note: String)],
        note: String?, width: Int?
    ) -> [String] {
        var columns: [TextTable.Column] = [.init(title: title, alignment: .left)]
        for (index, column) in ["stored A", "stored B", "B / A", "error A", "error B"].enumerated() {
            columns.append(.init(title: column, alignment: .right, expendable: index == 2 ? 1 : 0))
        }
        if let note { columns.append(.init(title: note, alignment: .left, expendable: 2)) }
        var table = TextTable(columns)
        for row in rows {
            table.add([row.name] + Self.cells(row.first, row.second) + (note == nil ? [] : [row.note]))
        }
        return table.lines(width: width)
    }

    /// Stored bytes of both, the second by the first, errors of both.
    static func cells(_ first: Comparison.Side?, _ second: Comparison.Side?) -> [String] {
        func bytes(_ side: Comparison.Side?) -> String { side.map { Units.bytes($0.storedBytes) } ?? "-" }
        func error(_ side: Comparison.Side?) -> String {
            guard let side else { return "-" }
            return side.weightError.map(Units.figure) ?? "-"
        }
        var share = "-"
        if let first, let second, first.storedBytes > 0 {
            share = Units.decimal(100 * Double(second.storedBytes) / Double(first.storedBytes), 0) + " %"
        }
        return [bytes(first), bytes(second), share, error(first), error(second)]
    }

    var sentences: [String] {
        var lines = [("A", comparison.first), ("B", comparison.second)].map { name, archive in
            let error = archive.common.weightError.map { ", weight error \(Units.figure($0))" } ?? ""
            return "\(name): \(archive.archive) (\(archive.methods.joined(separator: ", "))): "
                + "\(Units.bytes(archive.common.originalBytes)) -> \(Units.bytes(archive.common.storedBytes)) "
                + "in the steps that both have, ratio \(Units.ratio(archive.common.ratio))\(error)"
        }
        let unmatched = comparison.unmatched
        if unmatched.first > 0 { lines.append("only in A: \(Units.count(unmatched.first, "step"))") }
        if unmatched.second > 0 { lines.append("only in B: \(Units.count(unmatched.second, "step"))") }
        let others = comparison.steps.count {
            guard let first = $0.first, let second = $0.second else { return false }
            return first.originalBytes != second.originalBytes
        }
        if others > 0 {
            lines.append(
                "the checkpoints of \(Units.count(others, "step")) differ in size: are these archives of one run?")
        }
        return lines
    }
}
