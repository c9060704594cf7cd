import FileSystem

/// torch.distributed.checkpoint: pieces in `.distcp` files and, written last, `.metadata`.
enum DCPLayout: Layout {
    static let title = "torch.distributed.checkpoint"

    static func isPiece(_ path: String) -> Bool { path.hasSuffix(".distcp") }

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { isPiece($0) } || shape.top.contains(".metadata")
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory()
    }
}
