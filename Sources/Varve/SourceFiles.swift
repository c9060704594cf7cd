import ChainArchive
import Checkpoints
import TensorFiles

/// The files of a checkpoint that is to be removed.
struct SourceFiles {
    let step: Step
    let root: String
    /// The states in which the files were compared, by path.
    let states: [String: FileIdentity]

    init(_ step: Step, root: String, states: [String: FileIdentity]) {
        self.step = step
        self.root = root
        self.states = states
    }

    /// Removes the files if they are still what was compared.
    /// - Throws: `.sourceChanged`, and everything is there as before; `.inputOutput`, `.permissionDenied`.
    func remove() throws(VarveError) {
        let path = Paths.join(root, step.path)
        let parent = Paths.split(path).directory
        if step.isDirectory {
            let hidden = Self.hiddenPath(path)
            try SystemCalls.rename(path, hidden)
            do throws(VarveError) {
                try check(prefix: hidden)
            } catch {
                try SystemCalls.rename(hidden, path)
                throw error
            }
            // Or the removal of some files could outlast a loss of power, and the new name not: half a checkpoint.
            try Directories.sync(parent)
            try Directories.remove(hidden)
        } else {
            try check(prefix: nil)
            for entry in step.entries where entry.path != step.path {
                try Directories.remove(Paths.join(root, entry.path))
            }
            try Directories.remove(path)
        }
        try Directories.sync(parent)
    }

    /// Where a directory waits for its removal. Whoever looks for checkpoints passes such names over: a killed removal must
    /// not leave half a checkpoint that looks like a whole one.
    static func hiddenPath(_ path: String) -> String {
        let (parent, name) = Paths.split(path)
        return Paths.join(parent == "." ? "" : parent, Run.removalPrefix + name)
    }

    /// Goes on with removals that were interrupted: of directories whose files are all still those of the archive's step.
    ///
    /// A watch asks again for every step, by what it last saw of the run: what is not there any more is finished.
    /// - Returns: what was left as it is, and why.
    static func finishRemovals(of run: Run, archive: ArchiveReader) throws(VarveError) -> [String] {
        guard !run.removals.isEmpty else { return [] }
        var left = Set(run.removals)
        for number in archive.steps where !left.isEmpty {
            guard let manifest = try? archive.manifest(number), manifest.isDirectory else { continue }
            let hidden = hiddenPath(manifest.path)
            guard left.contains(hidden) else { continue }
            let path = Paths.join(run.root, hidden)
            guard try isThere(path) else {
                left.remove(hidden)
                continue
            }
            guard try holdsNothingElse(path, as: manifest.path, than: manifest) else { continue }
            try Directories.remove(path)
            try Directories.sync(Paths.split(path).directory)
            left.remove(hidden)
        }
        return left.sorted().map {
            "\($0) is what an interrupted removal left, and is not as the archive knows it: look at it yourself"
        }
    }

    /// Whether there is anything: the run was looked through a moment ago.
    static func isThere(_ path: String) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: path)
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    private static func holdsNothingElse(
        _ directory: String, as stepPath: String, than manifest: StepManifest
    ) throws(VarveError) -> Bool {
        let known = Dictionary(manifest.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for name in try SystemCalls.list(directory) {
            let path = Paths.join(directory, name), recorded = Paths.join(stepPath, name)
            guard let entry = known[recorded] else { return false }
            let now = try FileIdentity(path: path)
            switch entry.kind {
            case .directory:
                guard now.kind == .directory, try holdsNothingElse(path, as: recorded, than: manifest) else {
                    return false
                }
            case .symbolicLink: guard now.kind == .symbolicLink else { return false }
            case .file: guard now.byteCount == entry.byteCount, now.modified == entry.modified else { return false }
            case .hardLink, .copy, .variant: guard now.kind == .regular else { return false }
            }
        }
        return true
    }

    /// Throws `.sourceChanged` where there is anything else than what was compared.
    private func check(prefix: String?) throws(VarveError) {
        let known = Dictionary(step.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in step.entries {
            let path = place(entry.path, prefix)
            let now = try FileIdentity(path: path)
            switch entry.identity.kind {
            case .directory:
                for name in try SystemCalls.list(path) where known[Paths.join(entry.path, name)] == nil {
                    throw VarveError(
                        .sourceChanged, "it has come since the checkpoint was read", file: entry.path + "/" + name)
                }
            case .regular:
                let state = states[entry.path] ?? entry.identity
                guard now.isSameContent(as: state) else {
                    throw VarveError(.sourceChanged, "the file changed since it was read", file: entry.path)
                }
            default:
                guard now.kind == entry.identity.kind else {
                    throw VarveError(.sourceChanged, "the link changed since it was read", file: entry.path)
                }
            }
        }
    }

    private func place(_ path: String, _ hidden: String?) -> String {
        guard let hidden, let rest = Paths.removing(step.path, from: path) else { return Paths.join(root, path) }
        return hidden + rest
    }
}
