import Varve

/// What is said of a run's things that are not in the archive.
enum MissingText {
    private static let shown = 5

    /// One line, `nil` where nothing is missing.
    static func line(_ missing: [RunCoverage.Missing], of archive: String = "the archive") -> String? {
        guard !missing.isEmpty else { return nil }
        let names = missing.prefix(shown).map { item in
            var name = item.path
            if item.isCheckpoint, let step = item.step, !item.path.contains("\(step)") { name += " (step \(step))" }
            if item.files > 0 { name += " (\(Units.bytes(item.bytes)))" }
            if let reason = item.reason, item.files == 0 { name += " (\(reason))" }
            return name
        }
        let more = missing.count > shown ? " and \(missing.count - shown) more" : ""
        return "not in \(archive): " + names.joined(separator: ", ") + more
    }
}
