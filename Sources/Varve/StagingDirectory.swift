import TensorFiles

/// A directory beside the output in which everything is completed before it is moved into place.
final class StagingDirectory {
    let path: String
    private let output: String
    private var moved = false

    init(for output: String) throws(VarveError) {
        let (parent, name) = Paths.split(output)
        guard name != "", name != ".", name != ".." else {
            throw VarveError(.usage, "name a directory of its own to restore to", file: output)
        }
        try Directories.create(parent)
        self.output = output
        path = Paths.join(parent, OutputFile.temporaryPrefix + name)
        try Directories.remove(path)
        try SystemCalls.makeDirectory(path)
    }

    deinit {
        if !moved { try? Directories.remove(path) }
    }

    /// Moves the content to the output: as a whole where nothing is there, file by file into an existing directory.
    func moveIntoPlace(overwrite: Bool) throws(VarveError) {
        if !Directories.exists(output) {
            try SystemCalls.rename(path, output)
        } else if try SystemCalls.list(output).isEmpty, (try FileIdentity(path: output)).kind == .directory {
            try SystemCalls.removeDirectory(output)
            try SystemCalls.rename(path, output)
        } else if overwrite {
            try merge(path, into: output)
            try Directories.remove(path)
        } else {
            throw VarveError(.exists, "the directory is not empty; --overwrite replaces what is in it", file: output)
        }
        moved = true
        try Directories.sync(Paths.split(output).directory)
    }

    private func merge(_ source: String, into target: String) throws(VarveError) {
        for name in try SystemCalls.list(source) {
            let from = Paths.join(source, name), to = Paths.join(target, name)
            let isDirectory = try FileIdentity(path: from).kind == .directory
            if let there = try? FileIdentity(path: to) {
                if isDirectory, there.kind == .directory {
                    try merge(from, into: to)
                    continue
                }
                if isDirectory || there.kind == .directory {
                    throw VarveError(.exists, "a file and a directory of one name", file: to)
                }
            }
            try SystemCalls.rename(from, to)
        }
    }
}
