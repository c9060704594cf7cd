import FileSystem

/// DeepSpeed: `global_stepN/` with model and optimizer states per rank, named by the file `latest`.
enum DeepSpeedLayout: Layout {
    static let title = "DeepSpeed"
    static let tracker: String? = "latest"

    static func owns(_ path: String) -> Bool {
        path.hasSuffix("_model_states.pt") || path.hasSuffix("_optim_states.pt")
    }

    static func recognizes(_ shape: StepShape) -> Bool { shape.top.contains { owns($0) } }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory()
    }
}
