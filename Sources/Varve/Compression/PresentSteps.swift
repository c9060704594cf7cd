import ChainArchive
import Checkpoints

/// Compares steps that the archive has already with what the run holds under their numbers.
///
/// An archive given the wrong run would otherwise say "already there" of checkpoints that are not in it.
struct PresentSteps {
    let archive: ArchiveReader
    /// Steps whose files are others: path and reason.
    private(set) var others: [(number: Int, skipped: CompressionResult.Skipped)] = []
    /// Steps whose files have the right names and sizes, but other times.
    private(set) var touched: [Int] = []

    init(_ steps: [Step], in archive: ArchiveReader) {
        self.archive = archive
        for step in steps {
            // A step that cannot be read is for `verify` to report.
            guard let manifest = try? archive.manifest(step.number) else { continue }
            compare(step, manifest)
        }
    }

    private mutating func compare(_ step: Step, _ manifest: StepManifest) {
        let known = Dictionary(manifest.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var isTouched = false
        for entry in step.entries where entry.identity.kind == .regular {
            let before = known[entry.path]
            guard let before, !before.isFile || before.byteCount == entry.identity.byteCount else {
                let reason =
                    "the archive has another step \(step.number): "
                    + (before == nil ? "it has no \(entry.path)" : "its \(entry.path) is of another size")
                    + "; `replaces` takes this one instead"
                others.append((step.number, .init(path: step.path, reason: reason)))
                return
            }
            if before.isFile, before.modified != entry.identity.modified { isTouched = true }
        }
        if isTouched { touched.append(step.number) }
    }
}
