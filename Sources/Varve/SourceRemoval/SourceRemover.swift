import ChainArchive
import Checkpoints
import FileSystem

/// When originals are removed that the archive restores.
///
/// An original is removed only if its step was decoded from the disk and compared with it, and if it has not changed
/// since.
public struct SourceRemoval: Sendable, Hashable {
    /// The number of newest complete checkpoints that stay, because a trainer resumes from them.
    public var keepLast: Int

    /// Removal of all but the newest checkpoints.
    public init(keepLast: Int = 2) { self.keepLast = keepLast }
}

/// Removes checkpoints whose steps an archive restores.
///
/// One is removed only where all of this holds: the step was decoded from the disk and compared with the files that are
/// removed, they have not changed since, the archive has it exactly or as finely as the user asked for now, it is none of
/// the newest, and nothing in the run leads to it. What stays, and why, is told.
struct SourceRemover {
    /// What became of the checkpoints.
    struct Outcome {
        /// Steps whose originals were removed.
        var removed: [Int] = []
        var bytes: UInt64 = 0
        /// Checkpoints that stay whole, beside the newest, and the reason.
        var kept: [(path: String, reason: String)] = []
        /// What is to be said of removals that failed in the middle.
        var unfinished: [String] = []

        /// All that a user should read.
        var notices: [String] { kept.map { "\($0.path) stays: \($0.reason)" } + unfinished }
    }

    let archive: String
    let removal: SourceRemoval
    /// What the user asked for in words, as manifests keep it.
    let method: String
    /// The squared error over the squared change that the quality promises; `nil` if it promises none.
    let bound: Double?
    private var comparison: StepComparison
    /// Files as they were when the archive's step was last compared with them, by step and path.
    private var verified: [Int: [String: FileIdentity]] = [:]
    /// Steps whose files differ from the archive's, as those files were when that was found.
    private var different: [Int: (files: [String: FileIdentity], error: VarveError)] = [:]

    init(archive: String, removal: SourceRemoval, method: StepMethod, comparison: StepComparison) {
        self.archive = archive
        self.removal = removal
        self.method = method.name
        bound = method.errorBound
        self.comparison = comparison
    }

    /// Compares a step with its original, by way of files that may be open already.
    /// - Throws: `.different` where the archive would restore something else, `.damaged`; `.interrupted`.
    mutating func verify(_ source: SourceStep, progress: ProgressHandler?) async throws(VarveError) {
        let number = source.step.number
        let manifest = try ArchiveReader(archive).manifest(number)
        let originals = try OriginalFiles(root: source.root, manifest: manifest, held: source.held)
        if let difference = try await comparison.difference(step: number, originals: originals) { throw difference }
        verified[number] = originals?.identities ?? [:]
        progress?(.verified(number: number))
    }

    /// Decodes a step whose original is gone.
    /// - Throws: `.damaged`; `.interrupted`.
    mutating func decode(_ number: Int, progress: ProgressHandler?) async throws(VarveError) {
        _ = try await comparison.difference(step: number, originals: nil)
        progress?(.verified(number: number))
    }

    /// Removes what may be removed of a run.
    /// - Throws: `.interrupted`; what reading the archive or looking through the run throws. A checkpoint that cannot be
    ///   removed stops nobody.
    mutating func remove(from run: Run, progress: ProgressHandler?) async throws(VarveError) -> Outcome {
        var outcome = Outcome()
        let reader = try ArchiveReader(archive)
        let present = Set(reader.steps.filter { reader.forgotten.extent($0) == nil })
        let needed = try NeededCheckpoints(run)
        let newest = Set(run.steps.map(\.number).sorted().suffix(removal.keepLast))
        for step in run.steps where present.contains(step.number) && !newest.contains(step.number) {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            do throws(VarveError) {
                let manifest = try reader.manifest(step.number)
                guard manifest.path == step.path, !step.path.isEmpty,
                    try SourceFiles.isThere(Paths.join(run.root, step.path))
                else { continue }
                if let reason = needed.reason(for: step) { throw VarveError(.usage, reason) }
                if let reason = needed.linkedContent(of: step) { throw VarveError(.usage, reason) }
                if let reason = needed.missingContent(of: manifest) { throw VarveError(.incomplete, reason) }
                guard !manifest.isRebased else {
                    throw VarveError(
                        .usage, "the archive's step was taken again from restored values, not from this checkpoint")
                }
                guard manifest.isExact || manifest.method == method else {
                    throw VarveError(
                        .usage,
                        "the archive holds it as \(manifest.method), which is lossy and not the quality named now")
                }
                if let other = PresentSteps([step], in: reader).others.first {
                    throw VarveError(.different, other.skipped.reason)
                }
                if let warning = KeptChange(manifest, bound: bound).warning { throw VarveError(.usage, warning) }
                try await checkVerified(step, manifest, run, progress)
                let bytes = step.byteCount
                switch try SourceFiles(step, root: run.root, states: verified[step.number] ?? [:]).remove() {
                case .done:
                    outcome.removed.append(step.number)
                    outcome.bytes += bytes
                    progress?(.removed(number: step.number, path: step.path, bytes: bytes))
                case .unfinished(let text): outcome.unfinished.append(text)
                }
            } catch  where error.code != .interrupted {
                outcome.kept.append((step.path, error.description))
            }
        }
        return outcome
    }

    /// Compares again unless these very files were compared before.
    private mutating func checkVerified(
        _ step: Step, _ manifest: StepManifest, _ run: Run, _ progress: ProgressHandler?
    ) async throws(VarveError) {
        if try !isVerified(step, run) {
            let files = Dictionary(step.entries.map { ($0.path, $0.identity) }, uniquingKeysWith: { first, _ in first })
            if let known = different[step.number], known.files == files { throw known.error }
            do throws(VarveError) {
                try await verify(SourceStep(step, root: run.root), progress: progress)
            } catch  where error.code == .different {
                different[step.number] = (files, error)
                throw error
            }
        }
        guard try isVerified(step, run) else {
            throw VarveError(.sourceChanged, "it is not any more what was compared with the archive")
        }
        if let difference = try OriginalTree(root: run.root).differences(from: manifest).first { throw difference }
    }

    /// Whether the files, as they are now, are in the state in which they were compared. A new name or mode puts it in doubt
    /// as well as new bytes; bytes decide then.
    private func isVerified(_ step: Step, _ run: Run) throws(VarveError) -> Bool {
        guard let states = verified[step.number] else { return false }
        var paths = Set<String>()
        for entry in step.entries where entry.identity.kind == .regular {
            // Further names of a file are not compared again.
            if let state = states[entry.path] {
                guard try FileIdentity(path: Paths.join(run.root, entry.path)).isSameState(as: state) else {
                    return false
                }
                paths.insert(entry.path)
            } else if entry.hardLinkOf == nil {
                return false
            }
        }
        return paths.count == states.count
    }
}

extension FileIdentity {
    /// Whether both are the same file and nothing tells that it was written to in between. Modes and the number of names may
    /// differ; a file that got its old time back is not told from one that nobody touched.
    func isSameContent(as other: FileIdentity) -> Bool {
        device == other.device && inode == other.inode && byteCount == other.byteCount && modified == other.modified
            && kind == other.kind
    }

    /// Whether both are the same file and nothing at all has happened to it in between.
    func isSameState(as other: FileIdentity) -> Bool { isSameContent(as: other) && changed == other.changed }
}
