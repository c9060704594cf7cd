import FileSystem

/// SpeechBrain: `CKPT+DATE+TIME+00/` with one `.ckpt` per part of the recipe and, written last, `CKPT.yaml`.
enum SpeechBrainLayout: Layout {
    static let title = "SpeechBrain"
    static let marker = "CKPT.yaml"

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains(marker) || shape.name.hasPrefix("CKPT+") && shape.top.contains { $0.hasSuffix(".ckpt") }
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try PlainLayout.inventory(files)
    }

    /// The epoch that `counter.ckpt`, a text of one number, tells.
    static func epoch(in directory: String, _ scan: RunScan) -> StepNumber? {
        guard let text = CheckpointFolder(directory, in: scan).text("counter.ckpt") else { return nil }
        return StepNumber.number(text).map { StepNumber(value: $0, ground: .epochMetadata) }
    }
}
