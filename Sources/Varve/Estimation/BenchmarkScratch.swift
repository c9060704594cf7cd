import FileSystem

/// A directory for what is made on trial, locked while it is used. It goes with all that it holds; what a killed
/// process left behind goes when the next one takes its place.
package final class BenchmarkScratch: Sendable {
    package let path: String
    private let directory: LockedDirectory

    /// Makes one in `parent`, which only this user can look into.
    ///
    /// - Throws: `.usage` where `parent` lies in the run, into which nothing is written; `.notFound`, `.locked` (too
    ///   many others), `.permissionDenied`, `.noSpace`, `.inputOutput`.
    package init(in parent: String, of run: BenchmarkRun) throws(VarveError) {
        guard try Directories.isThere(parent) else {
            throw VarveError(.notFound, "no such directory to work in", file: parent)
        }
        if let run = run.directory, try Directories.lies(parent, in: run) {
            throw VarveError(
                .usage,
                "the directory to work in lies in the run, into which nothing is written; "
                    + "`BenchmarkScratch` takes another",
                file: parent)
        }
        directory = try LockedDirectory.free(in: parent, named: "bench", owner: "another benchmark")
        path = directory.path
        try SystemCalls.setMode(path, 0o700)
    }

    /// Removes something in it.
    package func remove(_ name: String) throws(VarveError) {
        try Directories.remove(Paths.join(path, name), forcing: true)
    }

    /// Gives something in it another name.
    package func rename(_ name: String, to other: String) throws(VarveError) {
        try SystemCalls.rename(Paths.join(path, name), Paths.join(path, other))
    }

    /// Removes all of it.
    package func remove() { directory.release(removing: true) }

    /// The path of something in it.
    package func path(_ name: String) -> String { Paths.join(path, name) }
}
