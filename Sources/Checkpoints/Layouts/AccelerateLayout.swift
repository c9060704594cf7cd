import TensorFiles

/// accelerate's `save_state`: `checkpoints/checkpoint_K/`, K counting the calls, not the steps.
enum AccelerateLayout: Layout {
    static let title = "accelerate save_state"
    static let namesAreCounters = true

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { $0.hasPrefix("random_states_") && $0.hasSuffix(".pkl") }
            || shape.top.contains("optimizer.bin") && !shape.weightFiles.isEmpty
    }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        // random_states is written last.
        let marker = "random_states_0.pkl"
        guard !directory.top.contains(marker), siblings.contains(where: { $0.top.contains(marker) }) else { return nil }
        return VarveError(.incomplete, "\(marker), which is written last, is missing", file: marker)
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try PlainLayout.inventory(files)
    }
}
