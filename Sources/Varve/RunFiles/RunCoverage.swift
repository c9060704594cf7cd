import ChainArchive
import Checkpoints
import FileSystem

/// What of a run an archive does not hold: whole checkpoints, files of checkpoints, files beside them.
///
/// It goes by paths: ``Archive/verify(steps:options:progress:)`` compares bytes.
public struct RunCoverage {
    /// Something that is missing, as far up as nothing below it is held.
    public struct Missing: Sendable, Codable {
        /// The path in the run.
        public var path: String
        /// The step of the checkpoint that it is or lies in; `nil` for a file that belongs to no step.
        public var step: Int?
        /// Whether all of that checkpoint is missing.
        public var isCheckpoint = false
        /// The number of files that are missing in it.
        public var files: Int
        /// Bytes of those files.
        public var bytes: UInt64
        /// Why it is missing, in a sentence; `nil` if that is not known.
        public var reason: String?
    }

    private(set) var missing: [Missing] = []

    /// - Parameter archive: `nil` where there is none yet.
    init(_ run: Run, in archive: ArchiveReader?) throws(VarveError) {
        let known = try archive.map { (archive) throws(VarveError) in try Self.paths(in: archive) } ?? []
        // Two names that differ only in the Unicode form of a letter are equal to Swift, and two files.
        func holds(_ path: String) -> Bool {
            known.firstIndex(of: path).map { known[$0].utf8.elementsEqual(path.utf8) } ?? false
        }
        var rest = run.entries.filter { !known.contains($0.path) }
        var owners: [String: Int] = [:]
        for step in run.steps {
            for entry in step.entries { owners[entry.path] = step.number }
        }
        // A checkpoint of which something is held is told by its files.
        let whole = run.steps.filter { step in
            let files = step.entries.filter { $0.identity.kind != .directory }
            return !files.isEmpty && files.allSatisfy { !known.contains($0.path) }
        }
        for step in whole {
            var item = Missing(
                path: step.path, step: step.number, step.entries.filter { $0.identity.kind != .directory })
            item.isCheckpoint = true
            if archive?.forgotten.extent(step.number) == .whole { item.reason = "the step was forgotten" }
            missing.append(item)
        }
        let named = Set(whole.map(\.number))
        rest.removeAll { owners[$0.path].map(named.contains) ?? false }
        for skipped in run.skipped {
            func isBelow(_ entry: RunEntry) -> Bool { entry.path.hasPrefix(skipped.path + "/") }
            let inside = rest.filter { $0.path == skipped.path || isBelow($0) }
            let files = inside.filter { $0.identity.kind != .directory }
            // Of what could not be listed, or is not followed, the archive may hold the directory or the link, and no content.
            let kind = run.entries.first { $0.path == skipped.path }?.identity.kind
            let isUnseen = kind == .symbolicLink || kind == .directory && !run.entries.contains(where: isBelow)
            guard !files.isEmpty || inside.isEmpty && !holds(skipped.path) || isUnseen else { continue }
            var item = Missing(path: skipped.path, step: skipped.number, files, reason: skipped.reason.message)
            item.isCheckpoint = item.step != nil
            missing.append(item)
            let taken = Set(inside.map(\.path))
            rest.removeAll { taken.contains($0.path) }
        }
        missing += Self.topmost(rest, among: run.entries, owners)
        if let archive { missing += Self.forgottenMoments(of: run, in: archive) }
    }

    /// What of a directory of several runs lies in none of them.
    public static func outside(of runs: [String], under root: String) throws(VarveError) -> [Missing] {
        let all = try Run.discoverAll(root).entries
        let covered = runs.map { String($0.dropFirst(root.count).drop { $0 == "/" }) }
        let rest = all.filter { entry in
            !covered.contains { $0.isEmpty || entry.path == $0 || entry.path.hasPrefix($0 + "/") }
        }
        return topmost(rest, among: all, [:])
    }

    /// Every path that the archive restores.
    private static func paths(in archive: ArchiveReader) throws(VarveError) -> Set<String> {
        var known = Set<String>()
        for step in archive.steps {
            // A step that cannot be read holds nothing; `Verifier` reports why.
            guard let manifest = try? archive.manifest(step) else { continue }
            known.formUnion(manifest.entries.map(\.path))
            known.insert(manifest.path)
        }
        for entry in try archive.runManifest()?.entries ?? [] { known.insert(entry.path) }
        // A directory is made for what lies in it.
        return known.union(Self.directories(above: known))
    }

    /// Every directory that something in it lies in, at whatever depth.
    private static func directories(above paths: some Sequence<String>) -> Set<String> {
        var found = Set<String>()
        for path in paths {
            var parent = Paths.split(path).directory
            while parent != ".", !parent.isEmpty, parent != "/", found.insert(parent).inserted {
                parent = Paths.split(parent).directory
            }
        }
        return found
    }

    /// Directories of which nothing is held, once each, and single files.
    private static func topmost(
        _ rest: [RunEntry], among all: [RunEntry], _ owners: [String: Int]
    ) -> [Missing] {
        let lacking = Set(rest.map(\.path))
        let partly = directories(above: all.lazy.map(\.path).filter { !lacking.contains($0) })
        var found: [Missing] = []
        var at = rest.startIndex
        while at < rest.endIndex {
            let entry = rest[at]
            at += 1
            guard entry.identity.kind == .directory else {
                found.append(Missing(path: entry.path, step: owners[entry.path], [entry]))
                continue
            }
            guard !partly.contains(entry.path) else { continue }
            let below = rest[at...].prefix { $0.path.hasPrefix(entry.path + "/") }
            found.append(
                Missing(path: entry.path, step: owners[entry.path], below.filter { $0.identity.kind != .directory }))
            at = below.endIndex
        }
        return found
    }

    private static func forgottenMoments(of run: Run, in archive: ArchiveReader) -> [Missing] {
        run.steps.compactMap { step in
            guard archive.forgotten.extent(step.number) == .moments else { return nil }
            return Missing(path: step.path, step: step.number, [], reason: "its optimizer state was forgotten")
        }
    }
}

extension RunCoverage.Missing {
    init(path: String, step: Int?, _ files: [RunEntry], reason: String? = nil) {
        self.init(
            path: path.isEmpty ? "." : path, step: step, files: files.count,
            bytes: files.reduce(0) { $0.addingSaturated($1.identity.kind == .regular ? $1.identity.byteCount : 0) },
            reason: reason)
    }
}
