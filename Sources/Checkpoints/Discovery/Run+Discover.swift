package import FileSystem

extension Run {
    /// Finds the checkpoints under `path`.
    ///
    /// `path` may also be a single checkpoint: a directory is then a run of one step (path `""`); a file is the only
    /// entry of a run whose root is the directory that holds it.
    /// - Throws: `.notFound`, `.permissionDenied`; `.usage` where nothing in it looks like a checkpoint, or where the
    ///   checkpoints are of several runs.
    package static func discover(_ path: String) throws(VarveError) -> Run {
        try discoverAll(path).single()
    }

    /// The run itself.
    /// - Throws: `.usage` where the checkpoints are of several runs.
    package func single() throws(VarveError) -> Run {
        guard !severalRuns.isEmpty else { return self }
        let names = severalRuns.prefix(5).map { $0.isEmpty ? "." : $0 }.joined(separator: ", ")
        let more = severalRuns.count > 5 ? " and \(severalRuns.count - 5) more" : ""
        throw VarveError(
            .usage,
            "\(severalRuns.count) runs are in it: \(names)\(more). Name one of them, "
                + "or compress each into an archive of its own with `RunDirectories.list`", file: root)
    }

    /// The same, with the checkpoints of several runs taken together (`severalRuns` has their directories).
    package static func discoverAll(_ path: String) throws(VarveError) -> Run {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let identity = try FileIdentity(path: path, following: true)
        switch identity.kind {
        case .directory:
            var discovery = Discovery(try RunScan(path))
            return try discovery.run()
        case .regular:
            let (directory, name) = try resolved(path)
            var discovery = Discovery(try RunScan(directory, only: name))
            return try discovery.runFile(name)
        default:
            throw VarveError(.usage, "neither a directory nor a file", file: path)
        }
    }

    /// Directory and name of a file, behind symbolic links.
    private static func resolved(_ path: String) throws(VarveError) -> (directory: String, name: String) {
        var path = path
        for _ in 0..<16 {
            let parts = Paths.split(path)
            guard try FileIdentity(path: path).kind == .symbolicLink else { return parts }
            let target = try SystemCalls.readSymbolicLink(path)
            path = target.hasPrefix("/") ? target : Paths.join(parts.directory, target)
        }
        throw VarveError(.usage, "too many symbolic links", file: path)
    }
}
