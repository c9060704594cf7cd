import FileSystem

/// accelerate's `save_state`: `checkpoints/checkpoint_K/`, K counting the calls, not the steps.
enum AccelerateLayout: Layout {
    static let title = "accelerate save_state"
    static let namesAreCounters = true
    static let isStrict = true

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { $0.hasPrefix("random_states_") && $0.hasSuffix(".pkl") }
            || shape.top.contains("optimizer.bin") && !shape.weightFiles.isEmpty
    }

    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers { found }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory(stateDictsIn: files)
    }
}
