import ChainArchive
import TensorFiles

/// Archives where a user may not have looked for one.
public enum ArchivePlaces {
    /// Whether the path is an archive's.
    public static func isArchive(_ path: String) -> Bool {
        let layout = ArchiveLayout(path)
        return (try? FileIdentity(path: layout.archiveManifest, following: true)) != nil
            && Directories.exists(layout.steps)
    }

    /// The archive that `compress` makes of a run of this name, if there is one.
    public static func beside(_ run: String) -> String? {
        var run = run
        while run.count > 1, run.hasSuffix("/") { run.removeLast() }
        return isArchive(run + ".varve") ? run + ".varve" : nil
    }

    /// - Throws: `.usage` where a run is asked for and an archive was named.
    public static func checkIsNone(_ run: String) throws(VarveError) {
        guard isArchive(run) else { return }
        throw VarveError(.usage, "that is an archive, not a run; `varve list` shows its steps", file: run)
    }
}
