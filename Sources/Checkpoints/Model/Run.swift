import FileSystem

/// A directory with the checkpoints of one training run, as found on disk.
package struct Run: Sendable {
    /// The directory.
    package var root: String
    /// In ascending order of `number`; one step per number.
    package var steps: [Step]
    /// Checkpoints that are not complete: being written, truncated, a shard missing.
    package var skipped: [SkippedCheckpoint]
    /// Paths that repeat a step's file.
    package var aliases: [StepAlias]
    /// Everything else under `root`: tokenizers, logs, empty directories. In path order.
    package var extras: [RunEntry]
    /// What a user should hear: a step number where name and metadata disagree, two checkpoints of one step.
    package var warnings: [String]

    /// Directories of several runs, where the checkpoints are not of one; `""` is `root` itself.
    package var severalRuns: [String] = []

    /// Everything under `root` that was listed, in path order: what belongs to steps, to skipped checkpoints and to neither.
    package var entries: [RunEntry] = []

    /// Directories, relative to `root`, that a removal of originals did not finish with.
    package var removals: [String] = []

    /// What the names of such directories begin with.
    package static let removalPrefix = OutputFile.temporaryPrefix + "remove-"

    package init(
        root: String, steps: [Step] = [], skipped: [SkippedCheckpoint] = [], aliases: [StepAlias] = [],
        extras: [RunEntry] = [], warnings: [String] = []
    ) {
        self.root = root
        self.steps = steps
        self.skipped = skipped
        self.aliases = aliases
        self.extras = extras
        self.warnings = warnings
    }
}
