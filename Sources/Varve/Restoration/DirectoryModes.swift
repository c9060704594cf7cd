import ChainArchive
import FileSystem

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
