import ChainArchive
import FileSystem

/// Forgets steps, and takes those that stay and build on them again: then nothing builds on what was forgotten any more.
///
/// Order of writing: the marks; then the steps, each as a new version beside the one that is there; with `prune` then what is
/// not needed any more. Whatever ends it in between, the next call goes on: what was taken again builds on nothing that was
/// forgotten.
package struct Rebaser: Sendable {
    package let archive: String
    package let options: RebaseOptions
    /// How long to wait where another process writes to the archive; `nil`: not at all.
    package var wait: LockWait?

    package init(archive: String, options: RebaseOptions = RebaseOptions(), wait: LockWait? = nil) {
        self.archive = archive
        self.options = options
        self.wait = wait
    }

    /// - Parameters:
    ///   - policy: what to forget; one that says nothing stands for what is forgotten already.
    ///   - prune: free the bytes at once; nothing brings the forgotten steps back then.
    /// - Throws: as `Forgetter.forget`; `.usage` (a base that is missing), `.unsupported` (a step that does not say how it was
    ///   made), `.interrupted`.
    package func forget(
        _ policy: ForgetPolicy, dryRun: Bool = false, prune: Bool = false, progress: ProgressHandler? = nil
    ) async throws(VarveError) -> ForgetResult {
        guard !policy.momentsOnly else {
            throw VarveError(
                .usage, "`momentsOnly` frees moments of steps that stay; steps are taken again where whole ones go")
        }
        let forgetter = Forgetter(archive: archive, wait: wait)
        if !policy.isEmpty { try policy.check() }
        if dryRun {
            let rest = left(of: policy, in: try forgetter.opened())
            guard rest.isEmpty else { return try forgetter.forget(rest, dryRun: true, prune: prune) }
            return try forgetter.planned(prune: prune)
        }
        let base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        let writer = try forgetter.openForWriting()
        let reader = try forgetter.opened()
        let policy = left(of: policy, in: reader)
        let (forgotten, marked) =
            policy.isEmpty ? (reader.forgotten, []) : try forgetter.marks(policy, reader)
        let lost = try forgetter.repeats(of: marked, reader, forgotten)
        let plan = try RebasePlan(reader, forgotten: forgotten)
        // What cannot be taken again is said before anything is changed.
        for step in plan.steps {
            _ = try reader.manifest(step.number).recordedMethod()
            if step.isOnBase, base == nil { throw missingBase(try reader.manifest(step.start)) }
        }
        let marks = reader.bytesOfMarks
        if forgotten != reader.forgotten { try writer.commit(forgotten) }

        let rebased = try await take(plan.steps, reader, writer, base, progress)
        let now = try forgetter.opened()
        let rest = try PrunePlan(now, forgotten: now.forgotten)
        var result = forgetter.result(rest, now, forgotten: marked)
        result.notices = lost + rebased.map(\.notice)
        result.rebased = rebased
        result.pruned = prune
        if prune {
            // What has come since the beginning: new versions, and marks of old ones.
            result.freedBytes -= rebased.reduce(now.bytesOfMarks - marks) { $0 + Int(clamping: $1.storedBytes) }
            _ = try Pruner(writer).prune()
        }
        return result
    }

    private func missingBase(_ start: StepManifest) -> VarveError {
        let name = BaseNote.name(in: start.notes).map { "those of \($0): name them with `base = \($0)`" }
        return VarveError(
            .usage,
            "the archive builds on weights kept outside" + (name.map { ", " + $0 } ?? ": name them with `base`"),
            file: archive)
    }

    private func take(
        _ steps: [RebasePlan.Step], _ reader: ArchiveReader, _ writer: ArchiveWriter, _ base: CheckpointWeights?,
        _ progress: ProgressHandler?
    ) async throws(VarveError) -> [ForgetResult.Rebased] {
        guard !steps.isEmpty else { return [] }
        var bytes: UInt64 = 0
        for step in steps {
            for entry in try reader.manifest(step.number).entries where entry.isFile {
                bytes = bytes.addingSaturated(entry.byteCount)
            }
        }
        progress?(.begin(steps: steps.count, bytes: bytes))
        var rebaser = try StepRebaser(
            writer, base: base, Workers(threads: options.threads, memory: options.memory))
        var rebased: [ForgetResult.Rebased] = []
        for step in steps {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            progress?(.step(number: step.number, path: try reader.manifest(step.number).path))
            rebased.append(try await rebaser.rebase(step, progress))
        }
        return rebased
    }

    /// A policy without the steps that it names and that are forgotten already: the same call finishes what was interrupted.
    private func left(of policy: ForgetPolicy, in reader: ArchiveReader) -> ForgetPolicy {
        let gone = reader.forgotten.numbers.filter { reader.forgotten.extent($0) == .whole }
        var policy = policy
        policy.steps.removeAll { range in
            !reader.steps.contains(where: range.contains) && gone.contains(where: range.contains)
        }
        return policy
    }
}

extension ArchiveReader {
    /// Bytes of the file that says what is forgotten.
    fileprivate var bytesOfMarks: Int {
        Int(clamping: (try? FileIdentity(path: layout.forgottenManifest))?.byteCount ?? 0)
    }
}
