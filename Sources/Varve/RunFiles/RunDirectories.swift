import Checkpoints
import FileSystem

/// The runs under a directory.
public enum RunDirectories {
    /// The directory of each run under `path`, if there are several; otherwise `path` alone.
    /// - Throws: `.notFound`, `.permissionDenied`; `.usage` if nothing in it looks like a checkpoint, or if a run lies
    ///   in `path` itself and others below it, because no directory tells them apart.
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
