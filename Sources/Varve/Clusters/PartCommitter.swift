import ChainArchive
import FileSystem

/// Makes steps of workers' parts visible, in order.
package struct PartCommitter: Sendable {
    private let layout: ArchiveLayout
    private let wait: LockWait?

    package init(archive: String, wait: LockWait?) {
        layout = ArchiveLayout(archive)
        self.wait = wait
    }

    /// The archive, opened for writing.
    func writer() throws(VarveError) -> ArchiveWriter {
        try ArchiveWriter(layout.root, writer: "varve \(VarveRelease.version)", wait: wait)
    }

    /// Makes the archive if there is none. Of several workers one does.
    func makeArchive() throws(VarveError) {
        do throws(VarveError) {
            _ = try FileIdentity(path: layout.archiveManifest)
            _ = try FileIdentity(path: layout.steps)
        } catch  where error.code == .notFound {
            _ = try writer()
        }
    }

    /// Removes what commits that were interrupted left. Another process that writes to the archive does so itself.
    func finishCommits() throws(VarveError) {
        guard try !layout.unfinishedCommits().isEmpty else { return }
        do throws(VarveError) {
            _ = try ArchiveWriter(layout.root, writer: "varve \(VarveRelease.version)")
        } catch  where error.code == .locked {}
    }

    /// Commits one step whose receipts are all there.
    /// - Returns: what was said of the step; `nil` where it cannot be committed yet, or another process has the archive for
    ///   too long.
    /// - Throws: `.usage` where the parts contradict each other; `.damaged`.
    func commit(_ number: Int, count: Int) throws(VarveError) -> [String]? {
        let writer: ArchiveWriter
        do throws(VarveError) { writer = try self.writer() } catch  where error.code == .locked { return nil }
        let reader = try ArchiveReader(layout.root)
        // Another worker was faster.
        if reader.stored.contains(number) { return [] }
        let pending = try PendingStep(layout, reader.nextVersion(number), count: count)
        guard pending.missing.isEmpty || !pending.contradictions.isEmpty else { return nil }
        return try commit(pending, writer)
    }

    private func commit(_ pending: PendingStep, _ writer: ArchiveWriter) throws(VarveError) -> [String] {
        try writer.commit(pending) { manifest, frame in
            let kept = KeptChange(manifest, bound: frame.errorBound)
            manifest.notes += [kept.warning, manifest.unprovenNote].compactMap { $0 }
        }.notes
    }

    /// Commits every step that can be, in order.
    /// - Parameter discards: removes what workers left of all others.
    package func commitAll(discards: Bool = false) throws(VarveError) -> CommitResult {
        let writer = try self.writer()
        var result = CommitResult()
        var hasGap = false
        let byStep = Dictionary(grouping: try ArchiveReader(layout.root).pending(), by: \.number)
        for (number, numbers) in byStep.sorted(by: { $0.key < $1.key }) {
            guard let pending = numbers.first(where: \.isComplete) ?? numbers.first else { continue }
            guard pending.isComplete, !hasGap else {
                hasGap = true
                note(pending, &result)
                continue
            }
            do throws(VarveError) {
                for text in try commit(pending, writer) { result.notices.append("step \(number): \(text)") }
                result.committed.append(number)
            } catch  where error.code == .usage {
                hasGap = true
                result.contradictions.append(error.message)
            }
        }
        if discards {
            result.discarded = try writer.discardParts { _ in true }
            (result.missing, result.contradictions, result.waiting) = ([], [], [])
        }
        return result
    }

    /// What there is to commit, without doing it.
    package func look() throws(VarveError) -> CommitResult {
        var result = CommitResult()
        for pending in try ArchiveReader(layout.root).pending() { note(pending, &result) }
        return result
    }

    private func note(_ pending: PendingStep, _ result: inout CommitResult) {
        if pending.isComplete {
            result.waiting.append(pending.number)
        } else if !pending.missing.isEmpty {
            result.missing.append(
                MissingParts(step: pending.number, count: pending.count, parts: pending.missing))
        }
        result.contradictions += pending.contradictions.map { "step \(pending.number): \($0)" }
        result.notices += pending.damaged.map(\.description)
    }
}
