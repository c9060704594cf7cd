import ChainArchive
import Glibc
import FileSystem

/// Where archives and restored checkpoints may lie.
///
/// An archive inside the run that it keeps goes when the run is deleted; one inside another archive, or a checkpoint
/// restored into one, looks like damage to it; an address of an object store would become a directory of that name.
public enum ArchiveLocation {
    /// The archive of a run if none is named: `RUN.varve` beside it. The run `.` has the name of its directory.
    public static func beside(_ run: String) -> String {
        let name = Paths.split(run).name
        guard name == "." || name == ".." else { return run + ".varve" }
        guard let real = realPath(run) else { return run + ".varve" }
        let (directory, own) = Paths.split(real)
        return run == "." ? "../\(own).varve" : Paths.join(directory, "\(own).varve")
    }

    /// - Throws: `.usage` if the place would lose the archive or spoil another.
    static func check(archive: String, of run: String) throws(VarveError) {
        try checkIsLocal(run)
        try checkIsLocal(archive)
        guard !isArchive(archive) else { return }
        if let outer = archiveAround(archive) {
            throw VarveError(.usage, "the place lies inside the archive \(outer): name one beside it", file: archive)
        }
        guard let real = realPath(run), (try? FileIdentity(path: real))?.kind == .directory,
            let location = realPath(Paths.split(archive).directory)
        else { return }
        if location == real || location.hasPrefix(Paths.join(real, "")) {
            throw VarveError(
                .usage,
                "the archive would lie inside the run and be deleted with it: name a place beside it, such as \(beside(run))",
                file: archive)
        }
    }

    /// - Throws: `.usage` if the state would lie in an archive, or in the run, where it would be taken for one of its files.
    static func check(state: String, of run: String) throws(VarveError) {
        try checkIsLocal(state)
        if let outer = isArchive(state) ? state : archiveAround(state) {
            throw VarveError(.usage, "it lies inside the archive \(outer): name another `state`", file: state)
        }
        var above = state
        while realPath(above) == nil, above != ".", above != "/" { above = Paths.split(above).directory }
        guard let real = realPath(run), let location = realPath(above) else { return }
        if location == real || location.hasPrefix(Paths.join(real, "")) {
            throw VarveError(.usage, "it lies inside the run: name another `state`", file: state)
        }
    }

    /// - Throws: `.usage` if a checkpoint would be restored into an archive.
    static func check(output: String) throws(VarveError) {
        try checkIsLocal(output)
        if let outer = isArchive(output) ? output : archiveAround(output) {
            throw VarveError(.usage, "it lies inside the archive \(outer): name another directory", file: output)
        }
    }

    /// `s3://bucket/run.varve` is a directory `s3:` to the system.
    static func checkIsLocal(_ path: String) throws(VarveError) {
        guard let match = path.prefixMatch(of: /[A-Za-z][A-Za-z0-9+.\-]*:\/\//) else { return }
        throw VarveError(
            .usage,
            "archives and runs are local directories, and \(match.output) is not supported: "
                + "compress into a local directory and copy that", file: path)
    }

    /// Whether an archive is at the path. It may be damaged.
    public static func isArchive(_ path: String) -> Bool {
        let layout = ArchiveLayout(path)
        return (try? FileIdentity(path: layout.archiveManifest, following: true)) != nil
            && Directories.exists(layout.steps)
    }

    /// The archive at the place that `beside` names for a run; `nil` if there is none.
    public static func existing(of run: String) -> String? {
        var run = run
        while run.count > 1, run.hasSuffix("/") { run.removeLast() }
        return isArchive(beside(run)) ? beside(run) : nil
    }

    /// Refuses an archive that was named as a run.
    /// - Throws: `.usage` if an archive is at the path.
    public static func checkIsNone(_ run: String) throws(VarveError) {
        guard isArchive(run) else { return }
        throw VarveError(.usage, "that is an archive, not a run; `Archive.steps` shows its steps", file: run)
    }

    /// The archive that a path which need not exist lies in, if it lies in one.
    private static func archiveAround(_ path: String) -> String? {
        var parent = Paths.split(path).directory
        while realPath(parent) == nil, parent != ".", parent != "/" { parent = Paths.split(parent).directory }
        guard var real = realPath(parent) else { return nil }
        while real != "/" {
            if isArchive(real) { return real }
            real = Paths.split(real).directory
        }
        return nil
    }

    /// The absolute path without links; `nil` where nothing is there.
    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
