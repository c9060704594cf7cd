import ChainArchive
import FileSystem

/// The steps of an archive by what users call them: numbers, the newest one, the names of their checkpoints.
package struct StepNames: Sendable {
    /// Visible steps, ascending.
    package let steps: [Int]
    private let reader: ArchiveReader

    /// - Throws: `.notAnArchive`, `.notFound`, `.damaged`.
    package init(archive: String) throws(VarveError) {
        reader = try ArchiveReader(archive)
        steps = reader.steps
    }

    /// The step that was made of a checkpoint: by its path in the run, or the last component of it, with or without
    /// what file names end with. Forgotten ones are found as well.
    /// - Throws: `.usage` where there is none, or several.
    package func number(of name: String) throws(VarveError) -> Int {
        var paths: [(number: Int, path: String)] = []
        for number in reader.stored where !StepVersion.isReplaced(number) {
            // A manifest that cannot be read has no name; what is wrong with it is said by who needs the step.
            if let manifest = try? reader.manifest(number) { paths.append((number, manifest.path)) }
        }
        let wanted = name.hasSuffix("/") ? String(name.dropLast()) : name
        let ways: [(String) -> String] = [
            { $0 }, { Paths.split($0).name }, { Self.withoutEnding(Paths.split($0).name) },
        ]
        for way in ways {
            let found = paths.filter { way($0.path) == wanted }
            if found.count > 1 {
                throw VarveError(
                    .usage, "\"\(name)\" are several checkpoints: \(found.map(\.path).joined(separator: ", "))")
            }
            if let found = found.first { return found.number }
        }
        let known = paths.suffix(Self.mostNamed).map(\.path).joined(separator: ", ")
        throw VarveError(
            .usage, "the archive has no checkpoint \"\(name)\"" + (known.isEmpty ? "" : "; the newest are \(known)"))
    }

    private static let mostNamed = 5

    private static func withoutEnding(_ name: String) -> String {
        name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }
}
