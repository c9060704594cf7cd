import ChainArchive
import Checkpoints
import FileSystem

/// The directory in which everything is restored, as the system sees it.
///
/// `RestorePlan` has ruled out by name that anything lies under a link or replaces something else. A file system may
/// take two names for one (without regard to case), so what is really there is looked at as well.
struct RestoreTree: Sendable {
    let root: String

    /// Makes a directory and those above it.
    func makeDirectory(_ relative: String) throws(VarveError) {
        var path = root
        for part in relative.utf8.split(separator: UInt8(ascii: "/")) {
            path = Paths.join(path, String(decoding: part, as: UTF8.self))
            guard let kind = try kind(path) else {
                try SystemCalls.makeDirectory(path)
                continue
            }
            guard kind == .directory else { throw VarveError(.exists, "something else has this name", file: path) }
        }
    }

    /// The path of something new, the directories above it made.
    func newPath(_ relative: String) throws(VarveError) -> String {
        let parent = Paths.split(relative).directory
        if parent != "." { try makeDirectory(parent) }
        let path = Paths.join(root, relative)
        guard try kind(path) == nil else {
            throw VarveError(.exists, "this file system takes two names for one", file: path)
        }
        return path
    }

    /// The path of a file that was restored before.
    func file(_ relative: String) throws(VarveError) -> String {
        let parent = Paths.split(relative).directory
        if parent != "." { try makeDirectory(parent) }
        let path = Paths.join(root, relative)
        guard try kind(path) == .regular else {
            throw VarveError(.damaged, "no file that could be repeated", file: path)
        }
        return path
    }

    /// Makes a restored file another name of one that was restored before, where both have the same content: what is
    /// quantized may have changed between two steps that shared a file.
    func unite(_ relative: String, with original: String) throws(VarveError) {
        guard Paths.isSafeRelative(original) else { return }
        let path = Paths.join(root, relative), other = Paths.join(root, original)
        guard relative != original, try kind(path) == .regular, try kind(other) == .regular,
            try FileComparison.sameBytes(try InputFile(path), try InputFile(other))
        else { return }
        try SystemCalls.unlink(path)
        try SystemCalls.link(other, path)
    }

    private func kind(_ path: String) throws(VarveError) -> FileIdentity.Kind? {
        do throws(VarveError) {
            return try FileIdentity(path: path).kind
        } catch  where error.code == .notFound {
            return nil
        }
    }
}

/// Modes and times of restored directories, once everything is in its place.
///
/// While a restore works in them they have the owner's permissions added; this takes them away again, the deepest
/// first. Of a single step also the output directory is one of the step's, with its own mode and time.
struct DirectoryModes {
    private let entries: [Entry]
    private let destination: RestorePlan.Destination?

    /// - Parameter placement: `nil` for the run's own files.
    init(_ entries: [Entry], _ destination: RestorePlan.Destination?) {
        self.entries = entries
        self.destination = destination
    }

    /// - Parameter withRoot: whether the output was made by this restore.
    func set(in output: String, withRoot: Bool) throws(VarveError) {
        for entry in entries.reversed() where entry.kind == .directory {
            if let destination, destination.isRoot(entry) {
                guard withRoot else { continue }
                try SystemCalls.setModificationTime(output, nanoseconds: entry.modified)
                try SystemCalls.setMode(output, entry.restoredMode)
            } else {
                // The time as well: what was moved into a directory that was there has changed it.
                let path = Paths.join(output, try destination?.path(entry.path) ?? entry.path)
                try SystemCalls.setModificationTime(path, nanoseconds: entry.modified)
                try SystemCalls.setMode(path, entry.restoredMode)
            }
        }
    }
}
