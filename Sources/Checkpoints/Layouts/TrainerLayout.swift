import FileSystem

/// Hugging Face Trainer: `checkpoint-N/` with weights, `optimizer.pt` and, written last, `trainer_state.json`.
enum TrainerLayout: Layout {
    static let title = "Hugging Face Trainer"
    static let isStrict = true

    static func recognizes(_ shape: StepShape) -> Bool {
        if shape.top.contains(TrainerState.file) || shape.top.contains("training_args.bin") { return true }
        guard shape.name.hasPrefix("checkpoint-"), Int(shape.name.dropFirst(11)) != nil else { return false }
        return !shape.weightFiles.isEmpty || shape.top.contains("optimizer.pt")
    }

    /// Without a number only where the files tell one, as in `last/`. The folder of the run may look the same: the Trainer
    /// writes the last model there.
    static func isCheckpoint(unnumbered shape: StepShape, holdsCheckpoints: () -> Bool) -> Bool {
        shape.top.contains(TrainerState.file) && !shape.weightFiles.isEmpty && !holdsCheckpoints()
    }

    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers {
        var numbers = found
        if let step = TrainerState.step(in: folder) { numbers.metadata = StepNumber(value: step, ground: .metadata) }
        return numbers
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory(stateDictsIn: files)
    }
}
