/// Sentences for a terminal of some width.
enum Prose {
    /// The text broken at blanks so that no line is longer, as far as its words allow; further lines are indented. Blanks
    /// that follow each other, which align something, stay.
    static func wrapped(_ text: String, width: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            wrappedLine(String(line), max(width, 20))
        }.joined(separator: "\n")
    }

    private static let indent = "    "

    private static func wrappedLine(_ text: String, _ width: Int) -> String {
        guard text.count > width else { return text }
        var lines: [String] = [], line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let isFirst = line.isEmpty || line == indent
            if !isFirst, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + word
            } else if line.isEmpty, lines.isEmpty {
                line = String(word)
            } else {
                line += (line == indent ? "" : " ") + word
            }
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
