import TensorFiles
import FileSystem

/// Megatron: `mp_rank_*` folders of the classic layout, or a distributed checkpoint with `common.pt` and, written last,
/// `metadata.json`.
enum MegatronRanks: CompletenessRule {
    static let modelFile = "model_optim_rng.pt"
    static let optimizerFile = "distrib_optim.pt"

    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        let ranks = folder.folders.filter { $0.hasPrefix("mp_rank_") }.map { folder.folder($0) }
        if !ranks.isEmpty { return classic(folder, ranks) }
        let isDistributed = folder.has(DistributedPieces.list) || folder.files.contains { $0.hasSuffix(".distcp") }
        guard isDistributed, folder.has("common.pt") || folder.has("metadata.json") || folder.name.hasPrefix("iter_")
        else { return nil }
        for file in ["common.pt", "metadata.json"] where !folder.has(file) {
            return folder.incomplete("a file that every checkpoint of this kind has is missing", file)
        }
        return nil
    }

    private static func classic(_ folder: CheckpointFolder, _ ranks: [CheckpointFolder]) -> VarveError? {
        let hasModels = ranks.contains { $0.has(modelFile) }
        let hasOptimizers = ranks.contains { $0.has(optimizerFile) }
        guard hasModels || hasOptimizers else { return nil }
        for rank in ranks {
            guard rank.has(modelFile) else { return rank.incomplete("the model of a rank is missing", modelFile) }
            if hasOptimizers, !rank.has(optimizerFile) {
                return rank.incomplete("the optimizer of a rank is missing", optimizerFile)
            }
        }
        guard let first = ranks.first, let tree = first.torchTree(modelFile),
            let arguments = tree.value(tree.root, "args")
        else { return nil }
        func number(_ key: String) -> Int {
            tree.value(arguments, key).flatMap { tree.integer($0) }.flatMap { Int(exactly: $0) } ?? 1
        }
        let pipeline = number("pipeline_model_parallel_size")
        let needed = number("tensor_model_parallel_size").multipliedReportingOverflow(by: pipeline)
        if !needed.overflow, ranks.count < needed.partialValue {
            return folder.incomplete(
                "\(ranks.count) of \(needed.partialValue) ranks are there", "mp_rank_\(ranks.count)")
        }
        let usesDistributed =
            tree.value(arguments, "use_distributed_optimizer").map { tree[$0] == .bool(true) } ?? false
        // Without an optimizer at all (`--no-save-optim`) the model's file has none either.
        if usesDistributed, !hasOptimizers, tree.value(tree.root, "optimizer") != nil {
            return first.incomplete("the optimizer of a rank is missing", optimizerFile)
        }
        return nil
    }
}
