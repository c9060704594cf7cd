import FileSystem
import TensorFiles

/// Understands Megatron's classic checkpoints: a folder for each tensor and pipeline parallel rank, with the model's part in
/// `model_optim_rng.pt` and, with the distributed optimizer, flat buffers in `distrib_optim.pt`.
struct MegatronReader {
    /// One rank's folder.
    private struct Rank {
        var tensorRank: Int
        var pipelineRank: Int
        var model: RankFile
        var optimizer: RankFile?
        /// In the model's order: names, and the tensors that the rank has.
        var weights: [(name: String, tensor: StoredTensor, node: PickleTree.Node)] = []
    }

    private let files: [StepFile]
    private var assembler: TensorAssembler
    private var states = DCPStates()
    private var entries: [StateDict.Entry] = []
    private var optimizers: [OptimizerState] = []

    /// - Throws: `.malformed`, `.truncated`, `.unsupported` with file and tensor.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        var reader = MegatronReader(files)
        let ranks = try reader.ranks()
        guard let first = ranks.first else { return StepInventory() }
        try reader.read(ranks)
        var inventory = StepInventory()
        inventory.dictionaries = [StateDict(path: [], file: reader.assembler.fileIndex, entries: reader.entries)]
        inventory.optimizers =
            reader.optimizers
            + reader.states.optimizers(file: reader.assembler.fileIndex, tensor: reader.assembler.stored)
        inventory.assembly = try reader.assembler.assembly(named: first.model.path)
        return inventory
    }

    private init(_ files: [StepFile]) {
        self.files = files
        assembler = TensorAssembler(files)
    }

    // MARK: Ranks

    private func ranks() throws(VarveError) -> [Rank] {
        var ranks: [Rank] = []
        for (index, file) in files.enumerated() where Paths.split(file.path).name == MegatronRanks.modelFile {
            let folder = Paths.split(Paths.split(file.path).directory).name
            guard let match = folder.wholeMatch(of: /mp_rank_(\d+)(?:_(\d+))?(?:_\d+)?/), let tensorRank = Int(match.1)
            else { continue }
            let model = try RankFile.opened(index, among: files)
            try Self.checkParallelism(model)
            var rank = Rank(
                tensorRank: tensorRank, pipelineRank: match.2.flatMap { Int($0) } ?? 0, model: model)
            let optimizer = Paths.join(Paths.split(file.path).directory, MegatronRanks.optimizerFile)
            rank.optimizer = assembler.file(optimizer).flatMap { RankFile($0, among: files) }
            rank.weights = Self.weights(model)
            ranks.append(rank)
        }
        ranks.sort { ($0.pipelineRank, $0.tensorRank) < ($1.pipelineRank, $1.tensorRank) }
        try Self.checkAgreement(ranks)
        return ranks
    }

    /// That the ranks' files are of one step, and are all there are.
    private static func checkAgreement(_ ranks: [Rank]) throws(VarveError) {
        var iteration = Agreement("iteration")
        for model in ranks.map(\.model) {
            iteration.add(model.value("iteration").flatMap { model.text($0) }, model.path)
        }
        try iteration.check()
        let parallel = ["tensor_model_parallel_size", "pipeline_model_parallel_size"]
        for (key, own) in zip(parallel, [ranks.map(\.tensorRank), ranks.map(\.pipelineRank)]) {
            var agreement = Agreement(key)
            for model in ranks.map(\.model) {
                agreement.add(model.value("args", key).flatMap { model.text($0) }, model.path)
            }
            try agreement.check()
            guard let first = ranks.first?.model, let size = first.value("args", key).flatMap({ first.number($0) }),
                Set(own).count != size
            else { continue }
            throw first.malformed("\(key) is \(size), but there are \(Set(own).count) such ranks' folders")
        }
        try checkOrder(ranks)
    }

    /// Tensor parallel ranks follow one another in the order of the processes that wrote them. Converters write all files in
    /// one process.
    private static func checkOrder(_ ranks: [Rank]) throws(VarveError) {
        let numbers = ranks.map { rank in rank.model.value("args", "rank").flatMap { rank.model.number($0) } ?? 0 }
        guard Set(numbers).count == ranks.count else { return }
        for (index, rank) in ranks.enumerated().dropFirst()
        where ranks[index - 1].pipelineRank == rank.pipelineRank && numbers[index] < numbers[index - 1] {
            throw rank.model.malformed(
                "process \(numbers[index]) wrote it, but process \(numbers[index - 1]) wrote "
                    + "\(ranks[index - 1].model.path): they are exchanged")
        }
    }

    /// Folders of expert parallel ranks have names that others have as well, and interleaved stages are several models.
    private static func checkParallelism(_ model: RankFile) throws(VarveError) {
        let experts = model.value("args", "expert_model_parallel_size").flatMap { model.number($0) } ?? 1
        guard experts <= 1, model.value("model") != nil || model.value("model0") == nil else {
            throw VarveError(.unsupported, "expert parallel ranks or interleaved stages", file: model.path)
        }
    }

    /// The tensors under `model`; of nested dicts under the whole path.
    private static func weights(_ file: RankFile) -> [(name: String, tensor: StoredTensor, node: PickleTree.Node)] {
        guard let model = file.value("model"), let pairs = file.tree.pairs(model) else { return [] }
        var result: [(String, StoredTensor, PickleTree.Node)] = []
        let isFlat = pairs.contains { file.tensor($0.value) != nil }
        func walk(_ pairs: [PickleTree.Pair], _ prefix: String, _ depth: Int) {
            for pair in pairs {
                guard let key = file.tree.string(pair.key) else { continue }
                if let tensor = file.tensor(pair.value) {
                    result.append((prefix + key, tensor, pair.value))
                } else if depth < StateDictReader.depthLimit, let inner = file.tree.pairs(pair.value) {
                    walk(inner, "\(prefix)\(key).", depth + 1)
                }
            }
        }
        walk(pairs, isFlat ? "" : "model.", 0)
        return result
    }

    // MARK: Joining

    private mutating func read(_ ranks: [Rank]) throws(VarveError) {
        var layersBefore = 0
        for stage in Set(ranks.map(\.pipelineRank)).sorted() {
            let members = ranks.filter { $0.pipelineRank == stage }
            guard let first = members.first else { continue }
            let parameters = try parameters(members)
            let names = parameters.map { Self.shifted($0.name, by: layersBefore) }
            for (index, parameter) in parameters.enumerated() {
                try addWeight(names[index], parameter, index, members)
            }
            try addOptimizer(members, parameters, names)
            layersBefore += Self.layers(first.weights.map(\.name))
        }
    }

    /// What each rank has of each parameter.
    private func parameters(_ members: [Rank]) throws(VarveError) -> [MegatronWalk.LocalParameter] {
        guard let first = members.first else { return [] }
        let isGated = first.model.value("args", "swiglu").map { first.model.tree[$0] == .bool(true) } ?? false
        var result: [MegatronWalk.LocalParameter] = []
        for (index, weight) in first.weights.enumerated() {
            for member in members {
                guard member.weights.indices.contains(index), member.weights[index].name == weight.name,
                    member.weights[index].tensor.shape == weight.tensor.shape,
                    member.weights[index].tensor.dtype == weight.tensor.dtype
                else { throw member.model.malformed("its model is not that of the other ranks", weight.name) }
            }
            result.append(
                MegatronWalk.joined(weight.name, weight.tensor.shape, ranks: members.count, isGated: isGated))
        }
        return result
    }

    private mutating func addWeight(
        _ name: String, _ parameter: MegatronWalk.LocalParameter, _ index: Int, _ members: [Rank]
    ) throws(VarveError) {
        if members.count == 1, let tensorIndex = members[0].model.tensorIndex(members[0].weights[index].node) {
            entries.append(.init(name: name, tensorIndex: tensorIndex))
            return
        }
        var pieces: [TensorPiece] = []
        for (rank, member) in members.enumerated() {
            let tensor = member.weights[index].tensor
            var offset = try member.model.offset(of: tensor)
            for box in parameter.boxes[rank] {
                let placement = Placement(offsets: box.offsets, sizes: box.sizes)
                pieces.append(TensorPiece(file: member.model.index, offset: offset, placement: placement))
                offset += UInt64(placement.count * tensor.dtype.bits / 8)
            }
        }
        let tensor = try LogicalTensor(
            name: name, dtype: members[0].weights[index].tensor.dtype, shape: parameter.shape, pieces: pieces,
            file: members[0].model.path)
        entries.append(.init(name: name, tensorIndex: assembler.add(tensor)))
    }

    /// Pipeline stages count their layers from 0.
    private static func shifted(_ name: String, by layers: Int) -> String {
        guard layers > 0, let range = name.firstRange(of: "layers.") else { return name }
        let rest = name[range.upperBound...]
        let digits = rest.prefix { $0.isNumber }
        guard let number = Int(digits), number < 1 << 32 else { return name }
        return name[..<range.upperBound] + "\(number + layers)" + rest.dropFirst(digits.count)
    }

    private static func layers(_ names: [String]) -> Int {
        Set(
            names.compactMap { name in
                name.firstRange(of: "layers.").flatMap { Int(name[$0.upperBound...].prefix { $0.isNumber }) }
            }
        ).count
    }

    // MARK: Optimizer

    private mutating func addOptimizer(
        _ members: [Rank], _ parameters: [MegatronWalk.LocalParameter], _ names: [String]
    ) throws(VarveError) {
        guard let first = members.first else { return }
        states.setGroups(MegatronStore.hyperparameters(first.model.tree))
        if first.optimizer != nil {
            try addFlat(members, parameters, names)
        } else if members.count == 1, parameters.count == first.weights.count {
            var reader = first.model.reader
            reader.read()
            let prefix = optimizers.isEmpty ? "" : "\(optimizers.count):"
            optimizers += Self.withMasters(reader.optimizers, first.model).map { StepInventory.prefixed($0, prefix) }
        }
    }

    /// The distributed optimizer's buffers. Where sizes do not come out they stay as they are.
    private mutating func addFlat(
        _ members: [Rank], _ parameters: [MegatronWalk.LocalParameter], _ names: [String]
    ) throws(VarveError) {
        let trained = parameters.indices.filter { members[0].weights[$0].tensor.dtype.isFloatingPoint }
        var byKey: [String: (dtype: DType, pieces: [Int: [TensorPiece]])] = [:]
        for (rank, member) in members.enumerated() {
            guard let file = member.optimizer, let flats = try Self.flats(file) else { return }
            for (key, buffer) in flats {
                var pieces = byKey[key]?.pieces ?? [:]
                guard MegatronWalk.walk(trained.map { parameters[$0] }, rank: rank, [buffer], into: &pieces) else {
                    return
                }
                byKey[key] = (buffer.dtype, pieces)
            }
        }
        for (position, index) in trained.enumerated() {
            for (key, value) in byKey.sorted(by: { $0.key < $1.key }) {
                let tensor = try LogicalTensor(
                    name: "\(names[index]) \(key)", dtype: value.dtype, shape: parameters[index].shape,
                    pieces: value.pieces[position] ?? [], file: members[0].model.path)
                let role = StateName("optimizer.state.\(key).\(names[index])")?.key ?? key
                try states.add(assembler.add(tensor), key: role, of: names[index], in: "optimizer")
            }
        }
    }

    /// The flat buffers of the only group of parameters there is, by key.
    private static func flats(_ file: RankFile) throws(VarveError) -> [(key: String, buffer: FlatBuffer)]? {
        guard let buffers = file.value(at: 0, of: file.root).flatMap({ file.tree.pairs($0) }), buffers.count == 1,
            file.value(at: 1, of: file.root) == nil, let fields = file.tree.pairs(buffers[0].value)
        else { return nil }
        var result: [(String, FlatBuffer)] = []
        for field in fields {
            guard let key = file.tree.string(field.key), let tensor = file.tensor(field.value), tensor.shape.count == 1
            else { continue }
            var buffer: FlatBuffer?
            try file.append(tensor, to: &buffer)
            if let buffer { result.append((key, buffer)) }
        }
        return result
    }

    /// The optimizers with the float32 originals that stand beside them, in lists by group.
    private static func withMasters(_ optimizers: [OptimizerState], _ file: RankFile) -> [OptimizerState] {
        guard let lists = file.value("optimizer", "fp32_from_fp16_params").flatMap({ file.tree.elements($0) }),
            var optimizer = optimizers.first
        else { return optimizers }
        for (group, list) in lists.enumerated() where optimizer.groups.indices.contains(group) {
            for (slot, node) in (file.tree.elements(list) ?? []).enumerated()
            where optimizer.groups[group].slots.indices.contains(slot) {
                guard let tensor = file.tensorIndex(node) else { continue }
                optimizer.groups[group].slots[slot].other.append(
                    OptimizerValue(key: StateName.master, content: .tensor(tensor)))
            }
        }
        return [optimizer] + optimizers.dropFirst()
    }
}
