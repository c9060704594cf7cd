/// What one kind of torture did to one command.
package struct Figures: Sendable {
    package var title: String
    /// States that were looked at, and what they are.
    package var count = 0
    package var unit: String
    /// Further figures, in words.
    package var details = ""
    /// What should never be; the first few are told.
    package var violations: [String] = []

    package init(_ title: String, unit: String) {
        self.title = title
        self.unit = unit
    }

    package var line: String {
        let title = title + String(repeating: " ", count: max(1, 44 - title.count))
        let verdict = violations.isEmpty ? "no violation" : "\(violations.count) VIOLATIONS"
        return "\(title)\(count) \(unit)\(details.isEmpty ? "" : ", " + details): \(verdict)"
    }
}
