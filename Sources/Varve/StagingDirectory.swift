import Glibc
import TensorFiles

/// A directory beside the output in which everything is completed before it is moved into place.
final class StagingDirectory {
    let path: String
    private let output: String
    /// Keeps the lock that tells a running restore's directory from one that was left behind.
    private let descriptor: Int32
    private var moved = false

    init(for output: String) throws(VarveError) {
        let (parent, name) = Paths.split(output)
        guard name != "", name != ".", name != ".." else {
            throw VarveError(.usage, "name a directory of its own to restore to", file: output)
        }
        try Directories.create(parent)
        self.output = output
        path = Paths.join(parent, OutputFile.temporaryPrefix + name)
        descriptor = try Self.acquire(path)
    }

    deinit {
        if !moved { try? Directories.remove(path) }
        SystemCalls.discard(descriptor, path: path)
    }

    /// Makes the directory and locks it, after removing what an interrupted restore left there.
    /// - Throws: `.locked` where a running one works in it.
    private static func acquire(_ path: String) throws(VarveError) -> Int32 {
        while true {
            var isNew = true
            do throws(VarveError) { try SystemCalls.makeDirectory(path) } catch  where error.code == .exists {
                isNew = false
            }
            let descriptor: Int32
            do throws(VarveError) {
                descriptor = try SystemCalls.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            } catch  where error.code == .notFound && (try? FileIdentity(path: path))?.kind != .regular {
                continue
            }
            var isKept = false
            defer { if !isKept { SystemCalls.discard(descriptor, path: path) } }
            guard try SystemCalls.lock(descriptor, path: path) else {
                throw VarveError(.locked, "another restore writes to this output", file: path)
            }
            // Somebody else may have removed it between our opening and our locking it.
            let mine = (try? SystemCalls.status(descriptor, path: path)).map { FileIdentity($0).inode }
            isKept = isNew && mine != nil && (try? FileIdentity(path: path))?.inode == mine
            if isKept { return descriptor }
            try Directories.remove(path)
        }
    }

    /// Moves the content to the output: as a whole where nothing is there, file by file into an existing directory.
    /// - Returns: whether the output is the directory that was made here.
    func moveIntoPlace(overwrite: Bool) throws(VarveError) -> Bool {
        var isWhole = true
        if !Directories.exists(output) {
            try SystemCalls.rename(path, output)
        } else if try SystemCalls.list(output).isEmpty, (try FileIdentity(path: output)).kind == .directory {
            try SystemCalls.removeDirectory(output)
            try SystemCalls.rename(path, output)
        } else if overwrite {
            try checkMerge(path, into: output)
            try merge(path, into: output)
            try Directories.remove(path)
            isWhole = false
        } else {
            throw VarveError(.exists, "the directory is not empty; --overwrite replaces what is in it", file: output)
        }
        moved = true
        try Directories.sync(Paths.split(output).directory)
        return isWhole
    }

    /// Finds what cannot be replaced before anything is.
    private func checkMerge(_ source: String, into target: String) throws(VarveError) {
        for name in try SystemCalls.list(source) {
            let from = Paths.join(source, name), to = Paths.join(target, name)
            guard let there = try? FileIdentity(path: to) else { continue }
            let isDirectory = try FileIdentity(path: from).kind == .directory
            guard isDirectory == (there.kind == .directory) else {
                throw VarveError(.exists, "a directory here, and something else of that name in the archive", file: to)
            }
            if isDirectory { try checkMerge(from, into: to) }
        }
    }

    private func merge(_ source: String, into target: String) throws(VarveError) {
        // An earlier restore made it read-only, as the checkpoint's was; it is made so again at the end.
        let mode = try FileIdentity(path: target, following: true).mode
        if mode & 0o300 != 0o300 { try SystemCalls.setMode(target, mode | 0o700) }
        for name in try SystemCalls.list(source) {
            let from = Paths.join(source, name), to = Paths.join(target, name)
            if try FileIdentity(path: from).kind == .directory, (try? FileIdentity(path: to)) != nil {
                try merge(from, into: to)
            } else {
                try SystemCalls.rename(from, to)
            }
        }
    }
}
