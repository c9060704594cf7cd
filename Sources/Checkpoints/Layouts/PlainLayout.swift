import FileSystem

/// Files with state dicts and optimizers anywhere in them, sharded or not, that no framework's habits tell more of.
enum PlainLayout: Layout {
    static let title = "plain files"
    static let isOfDirectories = false
    static let isStrict = true

    static func recognizes(_ shape: StepShape) -> Bool { true }

    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers { found }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory(stateDictsIn: files)
    }
}
