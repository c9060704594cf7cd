import FileSystem

/// A directory beside the output in which everything is completed before it is moved into place.
final class StagingDirectory {
    var path: String { directory.path }
    private let output: String
    private let directory: LockedDirectory

    init(for output: String) throws(VarveError) {
        let (parent, name) = Paths.split(output)
        guard name != "", name != ".", name != ".." else {
            throw VarveError(.usage, "name a directory of its own to restore to", file: output)
        }
        try Directories.create(parent)
        self.output = output
        directory = try LockedDirectory(
            Paths.join(parent, OutputFile.temporaryPrefix + name), owner: "another restore to this output")
    }

    /// Moves the content to the output: as a whole where nothing is there, file by file into an existing directory.
    /// - Returns: whether the output is the directory that was made here.
    func moveIntoPlace(overwrite: Bool) throws(VarveError) -> Bool {
        var isWhole = true
        if try !Directories.isThere(output) {
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
            throw VarveError(.exists, "the directory is not empty; `overwrite` replaces what is in it", file: output)
        }
        directory.release(removing: false)
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
