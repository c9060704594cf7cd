import FileSystem

/// DeepSpeed's experts: `layer_L_expert_E_mp_rank_00_model_states.pt`, every expert of every layer.
enum DeepSpeedExperts: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        let there = Set(folder.files.filter { $0.contains("_expert_") && $0.hasSuffix("_model_states.pt") })
        guard !there.isEmpty else { return nil }
        var experts = 0, layers = 0, tails = Set<String>()
        for name in there {
            let parts = name.split(separator: "_", maxSplits: 4)
            guard parts.count == 5, let layer = Int(parts[1]), let expert = Int(parts[3]),
                layer < 1 << 16, expert < 1 << 16
            else { continue }
            layers = max(layers, layer + 1)
            experts = max(experts, expert + 1)
            tails.insert(String(parts[4]))
        }
        guard layers * experts * tails.count != there.count else { return nil }
        for tail in tails.sorted() {
            for layer in 0..<layers {
                for expert in 0..<experts {
                    let name = "layer_\(layer)_expert_\(expert)_\(tail)"
                    if !there.contains(name) { return folder.incomplete("an expert's weights are missing", name) }
                }
            }
        }
        return nil
    }
}
