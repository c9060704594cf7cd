import TensorFiles

/// Orbax: `STEP/` with `_CHECKPOINT_METADATA` and an OCDBT store. Not understood yet.
enum OrbaxLayout: Layout {
    static let title = "Orbax"
    private static let markers = ["_CHECKPOINT_METADATA", "commit_success.txt"]

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains("_CHECKPOINT_METADATA")
            || shape.paths.contains { $0.hasSuffix("manifest.ocdbt") || $0.hasSuffix("/_METADATA") }
    }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        for marker in markers where !directory.top.contains(marker) {
            if siblings.contains(where: { $0.top.contains(marker) }) {
                return VarveError(.incomplete, "\(marker), which is written last, is missing", file: marker)
            }
        }
        return nil
    }
}
