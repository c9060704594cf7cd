import FileSystem

/// How a framework lays a checkpoint out on disk: how to recognise it, what its files mean and what they hold. Whether a
/// checkpoint is whole, the rules of `Completeness` say.
///
/// A layout is one file. `Layouts.all` lists them, and nothing else knows one by its type: what the rest of the module
/// has to know of a layout is a member here. The defaults are those of a layout whose tensors are not understood. Its
/// steps are found, checked and kept exactly.
protocol Layout: SendableMetatype {
    /// What to call it in messages.
    static var title: String { get }
    /// Whether a checkpoint of these files is of this layout.
    static func recognizes(_ shape: StepShape) -> Bool

    // What a directory is.

    /// Whether a directory of this layout with a step number in its name is a checkpoint. Not so for layouts of loose
    /// files: a folder of several checkpoints has the same files as a checkpoint.
    static var isOfDirectories: Bool { get }
    /// Whether a directory of this layout is a checkpoint although no number in its name tells the step.
    /// - Parameter holdsCheckpoints: whether directories in it are checkpoints.
    static func isCheckpoint(unnumbered shape: StepShape, holdsCheckpoints: () -> Bool) -> Bool
    /// The file beside its checkpoints that names the newest one, and is written after it.
    static var tracker: String? { get }
    /// The file that is written last, if the folder can only be a checkpoint of this layout.
    static func lastFile(of folder: CheckpointFolder) -> String?

    // Which step it is.

    /// Whether the optimizer's own counter is a better step number than the directory's name.
    static var namesAreCounters: Bool { get }
    /// The numbers in a checkpoint's files that tell its step.
    /// - Parameter found: numbers in the files with tensors, under the usual keys.
    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers

    // What its files are.

    /// Whether a file holds pieces of tensors that only a reader of this layout could put together. It is no container,
    /// and never opened as one.
    static func isPiece(_ path: String) -> Bool
    /// Whether a file inside a checkpoint of another layout belongs to this one. It is left out of that one's inventory.
    static func owns(_ path: String) -> Bool
    /// Whether every file with a checkpoint's ending is a container: one that cannot be read is an error then.
    static var isStrict: Bool { get }
    /// State dicts and optimizers in the files.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory
}

extension Layout {
    static var isOfDirectories: Bool { true }
    static func isCheckpoint(unnumbered shape: StepShape, holdsCheckpoints: () -> Bool) -> Bool { false }
    static var tracker: String? { nil }
    static func lastFile(of folder: CheckpointFolder) -> String? { nil }
    static var namesAreCounters: Bool { false }
    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers { FileNumbers() }
    static func isPiece(_ path: String) -> Bool { false }
    static func owns(_ path: String) -> Bool { isPiece(path) }
    static var isStrict: Bool { false }
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory { StepInventory() }
}
