import TensorFiles
import FileSystem

/// DeepSpeed's universal checkpoints: `zero/NAME/{fp32,exp_avg,exp_avg_sq,step}.pt`, and model states that name every
/// parameter.
enum DeepSpeedUniversal: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        guard folder.folders.contains("zero") else { return nil }
        let zero = folder.folder("zero")
        let parameters = zero.folders.map { zero.folder($0) }
        // Every folder has what any has: which moments there are depends on the optimizer.
        let kinds = Set(parameters.flatMap(\.files)).filter { $0.hasSuffix(".pt") }
        guard !kinds.isEmpty else { return nil }
        for parameter in parameters {
            if let missing = kinds.subtracting(parameter.files).min() {
                return parameter.incomplete("a piece that other parameters have is missing", missing)
            }
        }
        guard let model = folder.files.first(where: { $0.hasSuffix("_model_states.pt") }) else {
            return folder.incomplete("no model states among the files", "mp_rank_00_model_states.pt")
        }
        guard let tree = folder.torchTree(model), let shapes = tree.value(tree.root, "param_shapes") else { return nil }
        let there = Set(zero.folders)
        for name in (tree.elements(shapes) ?? [shapes]).flatMap({ tree.pairs($0) ?? [] }) {
            guard let name = tree.string(name.key), !there.contains(name) else { continue }
            return zero.incomplete("\(model) names a parameter whose folder is missing", name)
        }
        return nil
    }
}
