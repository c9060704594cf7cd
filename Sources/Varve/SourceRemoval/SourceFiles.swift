import ChainArchive
import Checkpoints
import FileSystem

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

    /// What became of a removal that began.
    enum Removal {
        case done
        /// It failed in the middle; the text says what is gone and where the rest lies.
        case unfinished(String)
    }

    /// Removes the files if they are still what was compared, and all of them can go.
    /// - Throws: `.sourceChanged`, `.permissionDenied`, `.exists`, `.inputOutput`, and everything is there as before.
    func remove() throws(VarveError) -> Removal {
        let path = Paths.join(root, step.path)
        let obstacle = try RemovalObstacle()
        guard step.isDirectory else { return try removeFiles(path, obstacle) }
        try obstacle.check(path)
        return try removeDirectory(path)
    }

    private func removeDirectory(_ path: String) throws(VarveError) -> Removal {
        let parent = Paths.split(path).directory, hidden = Self.hiddenPath(path)
        try SystemCalls.rename(path, hidden)
        do throws(VarveError) {
            try check(prefix: hidden)
            // Or the removal of some files could outlast a loss of power, and the new name not: half a checkpoint.
            try Directories.sync(parent)
        } catch {
            try SystemCalls.rename(hidden, path)
            throw error
        }
        do throws(VarveError) {
            try Directories.remove(hidden)
        } catch {
            // Nothing of it is gone yet: then it can have its name back.
            if (try? check(prefix: hidden)) != nil, (try? SystemCalls.rename(hidden, path)) != nil { throw error }
            return .unfinished(
                "removing \(step.path) failed in the middle, what is left of it lies in "
                    + "\(Self.hiddenPath(step.path)), and the archive has all of it: \(error)")
        }
        try? Directories.sync(parent)
        return .done
    }

    private func removeFiles(_ path: String, _ obstacle: RemovalObstacle) throws(VarveError) -> Removal {
        let paths = step.entries.map(\.path).filter { $0 != step.path }.map { Paths.join(root, $0) } + [path]
        for path in paths { try obstacle.check(path) }
        try check(prefix: nil)
        for (index, each) in paths.enumerated() {
            do throws(VarveError) {
                try Directories.remove(each)
            } catch {
                if index == 0 { throw error }
                return .unfinished(
                    "removing \(step.path) failed in the middle, \(paths.count - index) of its \(paths.count) files are "
                        + "left, and the archive has all of them: \(error)")
            }
        }
        try? Directories.sync(Paths.split(path).directory)
        return .done
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
    /// One that cannot be finished stops nobody.
    /// - Returns: what was left as it is, and why.
    static func finishRemovals(of run: Run, archive: ArchiveReader) throws(VarveError) -> [String] {
        guard !run.removals.isEmpty else { return [] }
        let obstacle = try RemovalObstacle()
        var left = Set(run.removals), failed: [String] = []
        for number in archive.steps where !left.isEmpty {
            guard let manifest = try? archive.manifest(number), manifest.isDirectory else { continue }
            let hidden = hiddenPath(manifest.path)
            guard left.contains(hidden) else { continue }
            do throws(VarveError) {
                guard try finishRemoval(Paths.join(run.root, hidden), manifest, obstacle) else { continue }
            } catch  where error.code != .interrupted {
                failed.append(
                    "what is left of \(manifest.path) lies in \(hidden) and cannot be removed; the archive has all of it: "
                        + "\(error)")
            }
            left.remove(hidden)
        }
        return failed
            + left.sorted().map {
                "\($0) is what an interrupted removal left, and is not as the archive knows it: look at it yourself"
            }
    }

    /// - Returns: whether it is gone; not where it holds anything that the archive does not know.
    private static func finishRemoval(
        _ path: String, _ manifest: StepManifest, _ obstacle: RemovalObstacle
    ) throws(VarveError) -> Bool {
        guard try isThere(path) else { return true }
        // What is no directory was never hidden by Varve.
        guard try FileIdentity(path: path).kind == .directory,
            try holdsNothingElse(path, as: manifest.path, than: manifest)
        else { return false }
        try obstacle.check(path)
        try Directories.remove(path)
        try Directories.sync(Paths.split(path).directory)
        return true
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
            guard let entry = known[recorded], entry.path.utf8.elementsEqual(recorded.utf8) else { return false }
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
            let path = location(entry.path, prefix)
            let now = try FileIdentity(path: path)
            switch entry.identity.kind {
            case .directory:
                for name in try SystemCalls.list(path) {
                    let inside = Paths.join(entry.path, name)
                    // Two names that differ only in the Unicode form of a letter are equal to Swift.
                    guard let read = known[inside], read.path.utf8.elementsEqual(inside.utf8) else {
                        throw VarveError(
                            .sourceChanged, "it is not among the files that were archived", file: inside)
                    }
                }
            case .regular:
                // A further name has no state of its own: the inode's other name, or the step that keeps it, has.
                guard states[entry.path].map(now.isSameState) ?? now.isSameContent(as: entry.identity) else {
                    throw VarveError(.sourceChanged, "the file changed since it was read", file: entry.path)
                }
            default:
                guard now.kind == entry.identity.kind else {
                    throw VarveError(.sourceChanged, "the link changed since it was read", file: entry.path)
                }
            }
        }
    }

    private func location(_ path: String, _ hidden: String?) -> String {
        guard let hidden, let rest = Paths.removing(step.path, from: path) else { return Paths.join(root, path) }
        return hidden + rest
    }
}
