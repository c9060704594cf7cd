/// Text for a page of HTML.
///
/// Names come from files that anybody may have made: nothing in them may end an element or an attribute, and nothing may turn
/// the text around it.
enum HTMLText {
    /// The text as content of an element or of an attribute in quotes.
    static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where isHidden(scalar): result.unicodeScalars.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A name: longer ones lose their middle, because a page is for people.
    static func name(_ text: String, most: Int = 160) -> String {
        "<bdi>\(escaped(shortened(text, most: most)))</bdi>"
    }

    /// At most so many scalars, the middle left out.
    static func shortened(_ text: String, most: Int) -> String {
        let scalars = text.unicodeScalars
        // Counting all of a long text would be in vain.
        guard text.utf8.count > most, scalars.count > most else { return text }
        let half = (most - 1) / 2
        var result = String.UnicodeScalarView(scalars.prefix(half))
        result.append("\u{2026}")
        result.append(contentsOf: scalars.suffix(most - 1 - half))
        return String(result)
    }

    /// Controls, and format characters, among them those that change the direction of text.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
