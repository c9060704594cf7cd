import FileSystem

/// How a framework lays a checkpoint out on disk: how to recognise it and what it holds. Whether it is
/// whole, the rules of `Completeness` say.
///
/// One file per layout; `Layouts.all` lists them. A layout whose tensors are not understood returns an empty
/// inventory: its steps are found, checked and kept exactly.
protocol Layout: SendableMetatype {
    /// What to call it in messages.
    static var title: String { get }
    /// Whether a checkpoint of these files is of this layout.
    static func recognizes(_ shape: StepShape) -> Bool
    /// Whether the optimizer's own counter is a better step number than the directory's name.
    static var namesAreCounters: Bool { get }
    /// State dicts and optimizers in the files.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory
}

extension Layout {
    static var namesAreCounters: Bool { false }
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory { StepInventory() }
}
