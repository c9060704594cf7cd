/// One checkpoint of a run: a directory, a file, or several files that belong together.
package struct Step: Sendable {
    /// The training step it was saved at; the epoch where the files know nothing else.
    package var number: Int
    package var isEpoch: Bool
    /// Nothing told the step: it is the only checkpoint of its run, and `number` is 0.
    package var isUnnumbered: Bool
    /// Relative to the run: `checkpoint-500`, `ckpt_500.pt`; of several files the one with the weights. Empty where
    /// the run's directory is itself the checkpoint.
    package var path: String
    package var isDirectory: Bool
    /// Every file, link and directory that belongs to it, paths relative to the run, in path order.
    package var entries: [RunEntry]

    package init(
        number: Int, isEpoch: Bool = false, isUnnumbered: Bool = false, path: String, isDirectory: Bool,
        entries: [RunEntry]
    ) {
        self.number = number
        self.isEpoch = isEpoch
        self.isUnnumbered = isUnnumbered
        self.path = path
        self.isDirectory = isDirectory
        self.entries = entries
    }
}
