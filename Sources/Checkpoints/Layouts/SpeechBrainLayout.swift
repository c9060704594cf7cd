import FileSystem

/// SpeechBrain: `CKPT+DATE+TIME+00/` with one `.ckpt` per part of the recipe and, written last, `CKPT.yaml`.
enum SpeechBrainLayout: Layout {
    static let title = "SpeechBrain"
    private static let marker = "CKPT.yaml"

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains(marker) || shape.name.hasPrefix("CKPT+") && shape.top.contains { $0.hasSuffix(".ckpt") }
    }

    static func isCheckpoint(unnumbered shape: StepShape, holdsCheckpoints: () -> Bool) -> Bool { true }

    static func lastFile(of folder: CheckpointFolder) -> String? {
        folder.name.hasPrefix("CKPT+") && folder.files.contains { $0.hasSuffix(".ckpt") } ? marker : nil
    }

    /// Updates tell checkpoints within an epoch apart; the epoch is what a recipe without Adam has.
    static func numbers(_ found: FileNumbers, in folder: CheckpointFolder) -> FileNumbers {
        FileNumbers(metadata: found.optimizerStep ?? epoch(in: folder), optimizerStep: found.optimizerStep)
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        StepInventory(stateDictsIn: files)
    }

    /// The epoch that `counter.ckpt`, a text of one number, tells.
    private static func epoch(in folder: CheckpointFolder) -> StepNumber? {
        guard let text = folder.text("counter.ckpt") else { return nil }
        return StepNumber.number(text).map { StepNumber(value: $0, ground: .epochMetadata) }
    }
}
