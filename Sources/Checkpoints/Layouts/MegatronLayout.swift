import TensorFiles

/// Megatron-LM's classic layout: `iter_0000020/mp_rank_00/model_optim_rng.pt`. Not understood yet.
enum MegatronLayout: Layout {
    static let title = "Megatron-LM"

    static func owns(_ path: String) -> Bool {
        path.hasSuffix("model_optim_rng.pt") || path.hasSuffix("distrib_optim.pt")
    }

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.top.contains { $0.hasPrefix("mp_rank_") } && shape.paths.contains { owns($0) || $0.hasSuffix(".pt") }
    }

    static func fault(_ directory: StepShape, among siblings: [StepShape]) -> VarveError? {
        let most = siblings.map { $0.paths.filter { owns($0) }.count }.max() ?? 0
        let count = directory.paths.filter { owns($0) }.count
        guard count >= most else {
            return VarveError(.incomplete, "\(count) of \(most) states are there: some ranks have not written theirs")
        }
        return nil
    }
}
