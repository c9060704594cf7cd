import FileSystem

/// Megatron-LM's classic layout: `iter_0000020/mp_rank_00/model_optim_rng.pt`.
enum MegatronLayout: Layout {
    static let title = "Megatron-LM"
    static let tracker: String? = "latest_checkpointed_iteration.txt"

    static func owns(_ path: String) -> Bool {
        path.hasSuffix("model_optim_rng.pt") || path.hasSuffix("distrib_optim.pt")
    }

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { $0.hasPrefix("mp_rank_") } && shape.paths.contains { owns($0) || $0.hasSuffix(".pt") }
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        try ShardReaders.inventory(files) ?? StepInventory()
    }
}
