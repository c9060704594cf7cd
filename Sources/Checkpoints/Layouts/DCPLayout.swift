/// torch.distributed.checkpoint: pieces in `.distcp` files and, written last, `.metadata`. Not understood yet.
enum DCPLayout: Layout {
    static let title = "torch.distributed.checkpoint"

    static func isPiece(_ path: String) -> Bool { path.hasSuffix(".distcp") }

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { isPiece($0) } || shape.top.contains(".metadata")
    }
}
