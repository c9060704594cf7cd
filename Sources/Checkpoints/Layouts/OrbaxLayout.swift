/// Orbax: `STEP/` with `_CHECKPOINT_METADATA` and an OCDBT store. Not understood yet.
enum OrbaxLayout: Layout {
    static let title = "Orbax"

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains("_CHECKPOINT_METADATA")
            || shape.paths.contains { $0.hasSuffix("manifest.ocdbt") || $0.hasSuffix("/_METADATA") }
    }
}
