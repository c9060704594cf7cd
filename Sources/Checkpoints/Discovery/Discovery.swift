import FileSystem
import TensorFiles

/// Sorts what a scan found into steps, repetitions, incomplete checkpoints and the rest.
///
/// In this order: directories that are checkpoints (`Discovery+Directories`), files that are (`+Files`), step numbers
/// (`+Numbers`), several candidates of one number (`+Duplicates`), several runs (`+Runs`), and what is left (`+Result`).
/// Where nothing can be read, series of numbered files are taken (`+Unreadable`).
struct Discovery {
    /// Checkpoints are looked for down to this depth.
    static let depthLimit = 6

    let scan: RunScan
    var candidates: [StepCandidate] = []
    var skipped: [SkippedCheckpoint] = []
    var aliases: [StepAlias] = []
    /// Checkpoints that have the number of a step and other content.
    var rivals: [StepCandidate] = []
    var warnings: [String]
    /// Paths that belong to skipped checkpoints.
    var left: Set<String> = []

    init(_ scan: RunScan) {
        self.scan = scan
        warnings = scan.warnings
    }

    /// Everything, for a directory.
    mutating func run() throws(VarveError) -> Run {
        visit("", depth: 0)
        let found =
            candidates.contains { $0.isDirectory }
            || skipped.contains { scan.entry($0.path)?.identity.kind == .directory }
        if !found, rootIsCheckpoint() {
            candidates = []
            skipped = []
            left = []
            takeDirectory("")
        }
        if candidates.isEmpty, skipped.isEmpty { takeUnreadable() }
        return try finish()
    }

    /// Everything, for one file.
    mutating func runFile(_ name: String) throws(VarveError) -> Run {
        takeFiles("")
        guard !candidates.isEmpty || !skipped.isEmpty else {
            throw VarveError(.usage, "this is no checkpoint file", file: Paths.join(scan.root, name))
        }
        return try finish()
    }

    private mutating func visit(_ directory: String, depth: Int) {
        takeFiles(directory)
        guard depth < Discovery.depthLimit else { return }
        let directories = scan.directories(directory).map(\.path)
        let checkpoints = directories.filter { isCheckpoint($0) }
        let finished = checkpoints.filter { !StepName.isTemporary(Paths.split($0).name) }
        let siblings = finished.map { CheckpointFolder($0, in: scan) }
        for path in checkpoints { takeDirectory(path, among: siblings) }
        for path in directories where !checkpoints.contains(path) { visit(path, depth: depth + 1) }
    }

    private mutating func finish() throws(VarveError) -> Run {
        chooseNumbers()
        let unnumbered = dropUnnumbered()
        try resolveDuplicates()
        try repeatUnnumbered(unnumbered)
        try takeLinks()
        guard !candidates.isEmpty || !skipped.isEmpty else {
            throw VarveError(.usage, "nothing in it looks like a checkpoint", file: scan.root)
        }
        return result()
    }

    mutating func skip(_ path: String, _ members: [String], _ reason: VarveError) {
        skipped.append(SkippedCheckpoint(path: path, number: StepName(Paths.split(path).name)?.number, reason: reason))
        left.formUnion(members)
    }
}
