import TensorFiles

/// torch.distributed.checkpoint: pieces in `.distcp` files and, written last, `.metadata`. Not understood yet.
enum DCPLayout: Layout {
    static let title = "torch.distributed.checkpoint"

    static func owns(_ path: String) -> Bool { path.hasSuffix(".distcp") }

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { owns($0) } || shape.top.contains(".metadata")
    }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        if !directory.top.contains(".metadata") {
            return VarveError(
                .incomplete, ".metadata, which is written last, is missing: the checkpoint is still being written",
                file: ".metadata")
        }
        if !directory.top.contains(where: { owns($0) }) {
            return VarveError(.incomplete, "no .distcp file beside .metadata")
        }
        return nil
    }
}
