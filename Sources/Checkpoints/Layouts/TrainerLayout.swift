import FileSystem

/// Hugging Face Trainer: `checkpoint-N/` with weights, `optimizer.pt` and, written last, `trainer_state.json`.
enum TrainerLayout: Layout {
    static let title = "Hugging Face Trainer"
    static let stateFile = "trainer_state.json"

    static func recognizes(_ shape: StepShape) -> Bool {
        if shape.top.contains(stateFile) || shape.top.contains("training_args.bin") { return true }
        guard shape.name.hasPrefix("checkpoint-"), Int(shape.name.dropFirst(11)) != nil else { return false }
        return !shape.weightFiles.isEmpty || shape.top.contains("optimizer.pt")
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try PlainLayout.inventory(files)
    }
}
