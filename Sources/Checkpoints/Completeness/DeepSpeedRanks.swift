import FileSystem
import TensorFiles

/// DeepSpeed: model states say how many data parallel and model parallel ranks wrote optimizer states.
enum DeepSpeedRanks: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        let models = folder.files.filter { $0.hasSuffix("_model_states.pt") && !$0.contains("expert") }
        let layers = folder.files.filter { $0.hasPrefix("layer_") && $0.hasSuffix("-model_states.pt") }
        let optimizers = folder.files.filter { $0.hasSuffix("_optim_states.pt") }
        let experts = folder.files.filter { $0.hasSuffix("_model_states.pt") && $0.contains("expert") }
        guard !models.isEmpty || !layers.isEmpty || !optimizers.isEmpty || !experts.isEmpty else { return nil }
        guard let world = models.lazy.compactMap({ World(folder.torchTree($0)) }).first else {
            return models.isEmpty
                ? folder.incomplete("no model states among the files", "mp_rank_00_model_states.pt") : nil
        }
        if let missing = missingModel(models, world) {
            return folder.incomplete("model states of a rank are missing", missing)
        }
        if !folder.folders.contains("zero"), world.hasPartitions || !optimizers.isEmpty,
            optimizers.count < world.dataRanks * world.modelRanks
        {
            return folder.incomplete(
                "\(optimizers.count) of \(world.dataRanks * world.modelRanks) optimizer states are there: "
                    + "some ranks have not written theirs",
                missingOptimizer(optimizers, world))
        }
        return missingLayer(folder, models, layers)
    }

    /// What model states say of the ranks.
    private struct World {
        var dataRanks: Int
        var modelRanks: Int
        /// Optimizer states are partitioned: they are not in the model states.
        var hasPartitions: Bool

        init?(_ tree: PickleTree?) {
            guard let tree else { return nil }
            func number(_ key: String) -> Int? {
                tree.value(tree.root, key).flatMap { tree.integer($0) }.flatMap { Int(exactly: $0) }
            }
            guard let data = number("dp_world_size"), let model = number("mp_world_size"),
                (1...1 << 20).contains(data), (1...1 << 20).contains(model)
            else { return nil }
            dataRanks = data
            modelRanks = model
            let settings = tree.value(tree.root, "ds_config")
            let zero = settings.flatMap { tree.value($0, "zero_optimization") }
            let stage = zero.flatMap { tree.value($0, "stage") }.flatMap { tree.integer($0) } ?? 0
            hasPartitions = stage > 0
        }
    }

    /// `mp_rank_00_model_states.pt` of each model parallel rank; of stage 3 one more for each data parallel rank.
    private static func missingModel(_ models: [String], _ world: World) -> String? {
        let prefix = models.contains { $0.hasPrefix("zero_pp_rank_") } ? "zero_pp_rank_" : ""
        let there = Set(models)
        for data in 0..<(prefix.isEmpty ? 1 : world.dataRanks) {
            for model in 0..<world.modelRanks {
                let name = "\(prefix.isEmpty ? "" : "\(prefix)\(data)_")mp_rank_\(padded(model))_model_states.pt"
                if !there.contains(name) { return name }
            }
        }
        return nil
    }

    private static func missingOptimizer(_ optimizers: [String], _ world: World) -> String {
        let there = Set(optimizers.map { String($0.drop { $0 != "z" }) })
        let prefix = optimizers.first { $0.hasPrefix("bf16_") } != nil ? "bf16_" : ""
        for data in 0..<world.dataRanks {
            for model in 0..<world.modelRanks {
                let name = "zero_pp_rank_\(data)_mp_rank_\(padded(model))_optim_states.pt"
                if !there.contains(name) { return prefix + name }
            }
        }
        return "zero_pp_rank_0_mp_rank_00_optim_states.pt"
    }

    /// Pipelines keep each layer in a file of its own; the shapes of a stage's parameters name its layers.
    private static func missingLayer(
        _ folder: CheckpointFolder, _ models: [String], _ layers: [String]
    ) -> VarveError? {
        guard !layers.isEmpty else { return nil }
        let there = Set(layers.compactMap { Int($0.dropFirst("layer_".count).prefix { $0.isNumber }) })
        for model in models {
            guard let tree = folder.torchTree(model), let shapes = tree.value(tree.root, "param_shapes") else {
                continue
            }
            let names = (tree.elements(shapes) ?? [shapes]).flatMap { tree.pairs($0) ?? [] }
                .compactMap { tree.string($0.key) }
            for layer in names.compactMap({ Int($0.prefix { $0 != "." }) }) where !there.contains(layer) {
                return folder.incomplete(
                    "\(model) names a layer whose file is missing", "layer_\(padded(layer))-model_states.pt")
            }
        }
        return nil
    }

    private static func padded(_ rank: Int) -> String { rank < 10 ? "0\(rank)" : "\(rank)" }
}

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
