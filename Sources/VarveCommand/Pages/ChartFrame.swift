/// A chart that needs no script: its picture stretches, and its labels are text beside it, so that both fit any width.
struct ChartFrame {
    /// Columns from left to right.
    var columns: Int
    /// What the picture shows, for those who do not see it.
    var label: String
    /// Labels of the vertical axis, from the top to the bottom; lines are drawn at each.
    var heights: [String]
    /// Labels of the columns.
    var titles: [String]
    /// Columns with a mark below them.
    var marks: [Bool] = []

    /// Units of the picture from bottom to top.
    static let height = 1000

    /// Whether columns touch each other.
    var isDense: Bool { columns > 80 }

    func html(_ content: String) -> String {
        """
        <div class="plot"><div class="y" aria-hidden="true">\(heights.map { "<span>\($0)</span>" }.joined())</div>\
        <svg viewBox="0 0 \(max(1, columns)) \(Self.height)" preserveAspectRatio="none" role="img" \
        aria-label="\(HTMLText.escaped(label))">\(lines)\(content)</svg>\(markStrip)\(axis)</div>

        """
    }

    private var lines: String {
        let path = (0..<heights.count - 1).map { index in
            "M0 \(Self.height * index / (heights.count - 1))h\(max(1, columns))"
        }
        return "<path class=\"grid\" d=\"\(path.joined())\"/>"
    }

    private var markStrip: String {
        guard marks.contains(true) else { return "" }
        let path = marks.enumerated().filter(\.element).map { "M\($0.offset) 0h1v10h-1z" }.joined()
        return """
            <svg class="k" viewBox="0 0 \(max(1, columns)) 10" preserveAspectRatio="none" aria-hidden="true">\
            <path d="\(path)"/></svg>
            """
    }

    /// Every column where there are few, else some at equal distances.
    private var axis: String {
        let isEach = titles.count <= Self.mostTitles
        let count = min(titles.count, Self.mostTitles)
        let shown = (0..<count).map { isEach ? titles[$0] : titles[$0 * titles.count / count] }
        return "<div class=\"x\(isEach ? " each" : "")\" aria-hidden=\"true\">"
            + shown.map { "<span>\($0)</span>" }.joined() + "</div>"
    }

    private static let mostTitles = 8

    /// The end of an axis that begins at 0, and its labels from the top to the bottom: few, and round.
    static func scale(upTo value: Double, _ text: (Double) -> String) -> (end: Double, labels: [String]) {
        guard value > 0, value.isFinite else { return (1, ["", "0"]) }
        var unit = 1.0
        while unit * 10 <= value { unit *= 10 }
        while unit > value { unit /= 10 }
        let width = [0.2, 0.5, 1, 2, 5].map { $0 * unit }.first { value / $0 <= 5 } ?? 10 * unit
        let count = max(1, Int((value / width).rounded(.up)))
        return (Double(count) * width, (0...count).reversed().map { $0 == 0 ? "0" : text(Double($0) * width) })
    }

    /// Swatches with their names.
    static func legend(_ entries: [(style: String, name: String)]) -> String {
        let spans = entries.map { "<span><span class=\"swatch \($0.style)\"></span>\($0.name)</span>" }
        return "<div class=\"legend\">\(spans.joined())</div>\n"
    }
}
