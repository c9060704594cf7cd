import TensorFiles

/// Hugging Face Trainer: `checkpoint-N/` with weights, `optimizer.pt` and, written last, `trainer_state.json`.
enum TrainerLayout: Layout {
    static let title = "Hugging Face Trainer"
    static let stateFile = "trainer_state.json"

    static func recognizes(_ shape: StepShape) -> Bool {
        if shape.top.contains(stateFile) || shape.top.contains("training_args.bin") { return true }
        guard shape.name.hasPrefix("checkpoint-"), Int(shape.name.dropFirst(11)) != nil else { return false }
        return !shape.weightFiles.isEmpty || shape.top.contains("optimizer.pt")
    }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        if !directory.top.contains(stateFile),
            directory.top.contains("training_args.bin") || siblings.contains(where: { $0.top.contains(stateFile) })
        {
            return VarveError(
                .incomplete, "\(stateFile), which is written last, is missing: the checkpoint is still being written",
                file: stateFile)
        }
        if directory.weightFiles.isEmpty, siblings.contains(where: { !$0.weightFiles.isEmpty }) {
            return VarveError(.incomplete, "no file with weights, which the other checkpoints have")
        }
        return nil
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try PlainLayout.inventory(files)
    }
}
