import Checkpoints
import FileSystem

/// The runs under a directory.
public enum RunDirectories {
    /// Where several runs lie under `path`, the directory of each; otherwise `path` alone.
    /// - Throws: `.notFound`, `.permissionDenied`; `.usage` where nothing in it looks like a checkpoint, or where a run
    ///   lies in `path` itself with others below it, which no directory tells apart.
    public static func list(_ path: String) throws(VarveError) -> [String] {
        let found = try Run.discoverAll(path)
        guard !found.severalRuns.isEmpty else { return [path] }
        guard !found.severalRuns.contains("") else {
            throw VarveError(
                .usage, "checkpoints lie in it and others in directories below: move one of these runs elsewhere",
                file: path)
        }
        return found.severalRuns.map { Paths.join(path, $0) }
    }
}
