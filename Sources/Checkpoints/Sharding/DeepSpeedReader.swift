import FileSystem
import TensorFiles

/// Understands DeepSpeed: ZeRO 1, 2 and 3, pipelines, experts, universal checkpoints.
struct DeepSpeedReader {
    private let files: [StepFile]
    private var assembler: TensorAssembler
    private var states = DCPStates()
    private var weights: [StateDict.Entry] = []
    private var names: Set<String> = []

    /// - Throws: `.malformed`, `.truncated`, `.incomplete`, `.unsupported` with file and tensor.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        var reader = DeepSpeedReader(files)
        var inventory = StepInventory()
        let checkpoints = DeepSpeedFiles.all(files)
        for checkpoint in checkpoints {
            if checkpoint.universal.isEmpty {
                inventory.optimizers += try reader.read(checkpoint)
            } else {
                try reader.readUniversal(checkpoint)
            }
        }
        if !reader.weights.isEmpty {
            inventory.dictionaries = [StateDict(path: [], file: reader.assembler.fileIndex, entries: reader.weights)]
        }
        inventory.optimizers += reader.states.optimizers(
            file: reader.assembler.fileIndex, tensor: reader.assembler.stored)
        inventory.assembly = try reader.assembler.assembly(
            named: checkpoints.first?.firstModel.map { files[$0].source.name } ?? "")
        return inventory
    }

    private init(_ files: [StepFile]) {
        self.files = files
        assembler = TensorAssembler(files)
    }

    // MARK: Weights

    private mutating func addWeight(_ name: String, _ index: TensorIndex) {
        if names.insert(name).inserted { weights.append(.init(name: name, tensorIndex: index)) }
    }

    /// All tensors of a dict, under a prefix.
    private mutating func addWeights(_ file: RankFile, _ node: PickleTree.Node?, prefix: String = "") {
        for pair in node.flatMap({ file.tree.pairs($0) }) ?? [] {
            guard let name = file.tree.string(pair.key), let index = file.tensorIndex(pair.value),
                let tensor = file.tensor(pair.value), tensor.count > 0
            else { continue }
            addWeight(prefix + name, index)
        }
    }

    // MARK: ZeRO

    private mutating func read(_ checkpoint: DeepSpeedFiles) throws(VarveError) -> [OptimizerState] {
        var plain: [OptimizerState] = []
        var shapes: [String: [Int]] = [:]
        var models: [RankFile] = []
        for model in checkpoint.models.keys.sorted() {
            var own: [RankFile] = []
            for index in checkpoint.modelFiles(model) { own.append(try .opened(index, among: files)) }
            guard let states = own.first else { continue }
            models += own
            try ZeroStage.checkModels(models)
            try checkTensorParallel(states)
            addWeights(states, states.value("module"))
            let ranks = try rankFiles(checkpoint.optimizers[model] ?? [:], states)
            if let optimizer = ranks.first {
                let stage = ZeroStage(model: states, ranks: ranks)
                try stage.checkRanks(hasExperts: !checkpoint.experts.isEmpty)
                for (name, shape) in ZeroStage.shapes(states).flatMap({ $0 }) { shapes[name] = shape }
                let fragments =
                    try optimizer.value("optimizer_state_dict", "fp32_flat_groups") == nil
                    ? stage.partitioned(hasExperts: !checkpoint.experts.isEmpty) : stage.sharded()
                try add(fragments, states, isWhole: optimizer.value("optimizer_state_dict", "fp32_flat_groups") != nil)
                try addFrozen(states, own)
            } else {
                var reader = states.reader
                reader.read()
                let prefix = plain.isEmpty ? "" : "\(plain.count):"
                plain += reader.optimizers.map { StepInventory.prefixed($0, prefix) }
            }
            addAliases(states)
        }
        for (layer, index) in checkpoint.layers.sorted(by: { $0.layer < $1.layer }) {
            let file = try RankFile.opened(index, among: files)
            addWeights(file, file.root, prefix: "\(layer).")
            for name in shapes.keys.sorted() where name.hasPrefix("\(layer).") && !names.contains(name) {
                throw file.malformed("a parameter of layer \(layer) is not in the layer's file", name)
            }
        }
        // A rank's own experts go by names that other ranks have as well.
        if checkpoint.experts.isEmpty { try checkShapes(shapes) }
        var expertFiles: [RankFile] = []
        for index in checkpoint.experts {
            let file = try RankFile.opened(index, among: files)
            addWeights(file, file.root)
            expertFiles.append(file)
        }
        try checkExperts(expertFiles)
        return plain
    }

    /// Every expert that the optimizer has states of is in a file.
    private func checkExperts(_ expertFiles: [RankFile]) throws(VarveError) {
        for name in states.owners where !names.contains(name) {
            guard let (layer, number, _) = ExpertNames.split(name) else { continue }
            // Files count the layers with experts, parameters do not.
            let sibling = expertFiles.first { file in
                (file.tree.pairs(file.root) ?? []).contains {
                    file.tree.string($0.key).flatMap { ExpertNames.split($0) }?.layer == layer
                }
            }
            let path = sibling.map { file in
                let (folder, name) = Paths.split(file.path)
                return Paths.join(folder, name.replacing(/_expert_\d+_/, with: "_expert_\(number)_"))
            }
            throw VarveError(
                .incomplete, "the weights of expert \(number) are missing", file: path ?? expertFiles.first?.path,
                tensor: name)
        }
    }

    /// Weights have the shapes that model states list for the optimizer.
    private func checkShapes(_ shapes: [String: [Int]]) throws(VarveError) {
        for weight in weights {
            let shape = assembler.stored(weight.tensorIndex).shape
            guard files.indices.contains(weight.tensorIndex.file), let wanted = shapes[weight.name], shape != wanted
            else { continue }
            throw VarveError(
                .malformed, "the shape \(shape) where the model states say \(wanted)",
                file: files[weight.tensorIndex.file].source.name, tensor: weight.name)
        }
    }

    /// Tensor parallel ranks have parts of weights, and nothing says how those are joined.
    private func checkTensorParallel(_ states: RankFile) throws(VarveError) {
        guard
            let degree = states.value("checkpoint_parallel_dimensions", "tp_degree").flatMap({ states.tree.integer($0) }
            ),
            degree > 1
        else { return }
        throw VarveError(.unsupported, "DeepSpeed with \(degree) tensor parallel ranks", file: states.path)
    }

    /// The optimizer states of all data parallel ranks, in order.
    private func rankFiles(_ byRank: [Int: Int], _ states: RankFile) throws(VarveError) -> [RankFile] {
        let count = states.value("dp_world_size").flatMap { states.tree.integer($0) }.flatMap { Int(exactly: $0) }
        guard !byRank.isEmpty else { return [] }
        guard byRank.count == count ?? byRank.count, byRank.keys.max() == byRank.count - 1 else {
            throw VarveError(
                .incomplete, "\(byRank.count) of \(count ?? byRank.count) ranks' optimizer states are there",
                file: states.path)
        }
        var ranks: [RankFile] = []
        for rank in 0..<byRank.count {
            guard let index = byRank[rank], let file = RankFile(index, among: files) else {
                throw VarveError(.malformed, "no torch file", file: byRank[rank].map { files[$0].source.name })
            }
            ranks.append(file)
        }
        return ranks
    }

    /// - Parameter isWhole: whether the optimizer's float32 values are the only weights there are.
    private mutating func add(_ stage: ZeroStage.Result, _ states: RankFile, isWhole: Bool) throws(VarveError) {
        for parameter in stage.parameters {
            for (key, value) in parameter.values.sorted(by: { $0.key < $1.key }) {
                let tensor = try LogicalTensor(
                    name: "\(parameter.name) \(key)", dtype: value.dtype, shape: parameter.shape, pieces: value.pieces,
                    file: states.path)
                let index = assembler.add(tensor)
                if key == StateName.master, isWhole {
                    addWeight(parameter.name, index)
                } else {
                    try self.states.add(index, key: key, of: parameter.name, in: "optimizer")
                }
            }
        }
        for (hyperparameters, decay, members) in stage.groups {
            self.states.addGroup(hyperparameters, weightDecay: decay, members: members)
        }
    }

    /// Weights that no optimizer has: whole in stage 1 and 2 (the module has them), in stage 3 a part in each rank.
    private mutating func addFrozen(_ states: RankFile, _ ranks: [RankFile]) throws(VarveError) {
        guard let shapes = states.value("frozen_param_shapes").flatMap({ states.tree.pairs($0) }) else { return }
        for pair in shapes {
            guard let name = states.tree.string(pair.key), let shape = states.tree.sizes(pair.value),
                !names.contains(name),
                let count = LogicalTensor.count(shape)
            else { continue }
            var buffer: FlatBuffer?
            for rank in ranks {
                guard let node = rank.value("frozen_param_fragments").flatMap({ rank.value(name, from: $0) }),
                    let tensor = rank.tensor(node)
                else { continue }
                try rank.append(tensor, to: &buffer)
            }
            guard let buffer, let pieces = buffer.pieces(0..<count, offsets: shape.map { _ in 0 }, sizes: shape) else {
                throw states.malformed("a frozen parameter is not whole", name)
            }
            addWeight(
                name,
                assembler.add(
                    try LogicalTensor(name: name, dtype: buffer.dtype, shape: shape, pieces: pieces, file: states.path))
            )
        }
    }

    /// Second names of tied weights.
    private mutating func addAliases(_ states: RankFile) {
        for pair in states.value("shared_params").flatMap({ states.tree.pairs($0) }) ?? [] {
            guard let alias = states.tree.string(pair.key), let name = states.tree.string(pair.value),
                let original = weights.first(where: { $0.name == name })
            else { continue }
            addWeight(alias, original.tensorIndex)
        }
    }

    // MARK: Universal

    private mutating func readUniversal(_ checkpoint: DeepSpeedFiles) throws(VarveError) {
        var order: [String: Int] = [:]
        if let first = checkpoint.firstModel, let states = RankFile(first, among: files) {
            for (name, _) in ZeroStage.shapes(states).flatMap({ $0 }) { order[name] = order.count }
        }
        let sorted = checkpoint.universal.sorted {
            (order[$0.name] ?? .max, $0.name) < (order[$1.name] ?? .max, $1.name)
        }
        for (name, members) in sorted {
            for (key, file) in [("fp32", "fp32.pt"), ("exp_avg", "exp_avg.pt"), ("exp_avg_sq", "exp_avg_sq.pt")] {
                guard let index = members[file], let opened = RankFile(index, among: files) else { continue }
                let node = opened.value("param") ?? opened.root
                guard let tensor = opened.tensorIndex(node) else { throw opened.malformed("no tensor", name) }
                if key == "fp32" {
                    addWeight(name, tensor)
                } else {
                    try states.add(tensor, key: key, of: name, in: "optimizer")
                }
            }
        }
        addUniversalGroups(checkpoint)
    }

    /// The param groups, which name their parameters in the model states only. What `ds_config` says of the optimizer is
    /// what the training began with, and is not asked.
    private mutating func addUniversalGroups(_ checkpoint: DeepSpeedFiles) {
        guard let index = checkpoint.universalOptimizer, let file = RankFile(index, among: files),
            let nodes = file.value("param_groups").flatMap({ file.tree.elements($0) })
        else { return }
        let groups = nodes.map { file.reader.emptyGroup($0) }
        var members: [[String]] = []
        for model in checkpoint.models.keys.sorted() {
            guard let first = checkpoint.modelFiles(model).first, let states = RankFile(first, among: files) else {
                continue
            }
            // Ranks of one pipeline stage repeat names; stages add to each group.
            for (group, shapes) in ZeroStage.shapes(states).enumerated() {
                if group == members.count { members.append([]) }
                members[group] += shapes.map(\.name)
            }
        }
        guard groups.count == members.count else {
            return states.setGroups(Hyperparameters.shared(by: groups.map(\.hyperparameters)))
        }
        for (group, names) in zip(groups, members) {
            states.addGroup(group.hyperparameters, weightDecay: group.weightDecay, members: names)
        }
    }
}
