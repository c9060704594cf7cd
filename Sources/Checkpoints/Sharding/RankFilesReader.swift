import FileSystem
import TensorFiles

/// Understands files of single ranks, `model_world_size_8_rank_3.pt` (verl) or `pytorch_model_fsdp_0_rank3.bin` (accelerate):
/// state dicts whose tensors are a rank's part of a `DTensor`, or of FSDP1's flat parameters.
struct RankFilesReader {
    /// Files of one kind from every rank.
    struct Kind {
        var folder: String
        var name: String
        /// In order.
        var ranks: [RankFile]
        var isOptimizer: Bool { name.hasPrefix("optim") }
    }

    private let files: [StepFile]
    private var assembler: TensorAssembler

    /// `nil` where the name is no rank's.
    static func rank(of path: String) -> (kind: String, rank: Int)? {
        let name = Paths.split(path).name
        if let match = name.wholeMatch(of: /(.+_world_size_\d+)_rank_(\d+)\.pt/), let rank = Int(match.2) {
            return (String(match.1), rank)
        }
        if let match = name.wholeMatch(of: /((?:pytorch_model|optimizer).*)_rank(\d+)\.bin/), let rank = Int(match.2) {
            return (String(match.1), rank)
        }
        return nil
    }

    /// - Throws: `.malformed`, `.truncated`, `.incomplete`, `.unsupported` with file and tensor.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        var reader = RankFilesReader(files: files, assembler: TensorAssembler(files))
        let kinds = try reader.kinds()
        var inventory = StepInventory()
        for folder in Set(kinds.map(\.folder)).sorted() {
            let own = kinds.filter { $0.folder == folder }
            // A folder's files are of one model; the first folder's names stand without a prefix.
            let path = inventory.dictionaries.isEmpty ? [] : [Paths.split(folder).name]
            guard let model = own.first(where: { !$0.isOptimizer && Self.isStateDict($0) }) else { continue }
            var dictionary = StateDict(path: path, file: reader.assembler.fileIndex, entries: [])
            let names = try reader.addModel(model, to: &dictionary)
            inventory.dictionaries.append(dictionary)
            for optimizer in own where optimizer.isOptimizer && optimizer.ranks.count == model.ranks.count {
                inventory.optimizers += try reader.optimizers(optimizer, names, prefix: path)
            }
        }
        inventory.assembly = try reader.assembler.assembly(named: kinds.first?.ranks.first?.path ?? "")
        return inventory
    }

    private func kinds() throws(VarveError) -> [Kind] {
        var members: [[String]: [Int: Int]] = [:]
        for (index, file) in files.enumerated() {
            guard let (kind, rank) = Self.rank(of: file.path), !kind.hasPrefix("extra_state") else { continue }
            members[[Paths.split(file.path).directory, kind], default: [:]][rank] = index
        }
        var kinds: [Kind] = []
        for key in members.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let byRank = members[key] ?? [:]
            if let match = key[1].wholeMatch(of: /.+_world_size_(\d+)/), Int(match.1) != byRank.count {
                throw VarveError(
                    .incomplete, "the files of \(byRank.count) of \(match.1) ranks are there",
                    file: byRank.min { $0.key < $1.key }.map { files[$0.value].source.name })
            }
            var kind = Kind(folder: key[0], name: key[1], ranks: [])
            for rank in 0..<byRank.count {
                guard let index = byRank[rank] else {
                    throw VarveError(
                        .incomplete, "the \(key[1]) of rank \(rank) is missing",
                        file: byRank.values.first.map { files[$0].source.name })
                }
                kind.ranks.append(try RankFile.opened(index, among: files))
            }
            kinds.append(kind)
        }
        return kinds
    }

    private static func isStateDict(_ kind: Kind) -> Bool {
        guard let first = kind.ranks.first, let pairs = first.tree.pairs(first.root) else { return false }
        return pairs.contains { ShardedTensor($0.value, first.tree) != nil || first.tensor($0.value) != nil }
    }

    // MARK: Model

    /// A parameter's name and shape; buffers are no parameters.
    private struct ModelName {
        var name: String
        var shape: [Int]
        var isSharded: Bool
    }

    private mutating func addModel(_ kind: Kind, to dictionary: inout StateDict) throws(VarveError) -> [ModelName] {
        let first = kind.ranks[0]
        let fields = kind.ranks.map { $0.fields($0.root) }
        var names: [ModelName] = []
        for pair in first.tree.pairs(first.root) ?? [] {
            guard let name = first.tree.string(pair.key) else { continue }
            var nodes: [PickleTree.Node] = []
            for (rank, own) in zip(kind.ranks, fields) {
                guard let node = own[name] else { throw rank.malformed("it is not in this rank's file", name) }
                nodes.append(node)
            }
            guard let tensor = try join(name, nodes, kind.ranks) else { continue }
            names.append(
                ModelName(name: name, shape: tensor.shape, isSharded: ShardedTensor(pair.value, first.tree) != nil))
            dictionary.entries.append(.init(name: name, tensorIndex: assembler.add(tensor)))
        }
        return names
    }

    /// The whole of what each rank has a part or all of; `nil` for what is no tensor.
    private func join(_ name: String, _ nodes: [PickleTree.Node], _ ranks: [RankFile]) throws(VarveError)
        -> LogicalTensor?
    {
        var pieces: [TensorPiece] = []
        var whole: (dtype: DType, shape: [Int])?
        for (number, (node, rank)) in zip(nodes, ranks).enumerated() {
            var local = node
            var box: (offsets: [Int], sizes: [Int])?
            if rank.tree.className(node) == "_rebuild_from_type_v2", rank.tensor(node) == nil {
                guard let sharded = ShardedTensor(node, rank.tree),
                    let position = sharded.position(of: number, among: ranks.count),
                    let own = sharded.box(of: position)
                else {
                    throw VarveError(.unsupported, "a way to shard that is not known", file: rank.path, tensor: name)
                }
                if let written = sharded.coordinates, written != sharded.coordinates(of: position) {
                    throw rank.malformed(
                        "the rank at \(written) of the mesh wrote it, but its name is that of the one at "
                            + "\(sharded.coordinates(of: position))", name)
                }
                (local, box) = (sharded.local, own)
                whole = whole ?? (sharded.dtype, sharded.shape)
                guard whole?.shape == sharded.shape else { throw rank.malformed("ranks disagree on its shape", name) }
            }
            guard let tensor = rank.tensor(local) else {
                if number == 0, box == nil { return nil }
                // A part without elements may stand in no storage.
                if box?.sizes.contains(0) ?? false { continue }
                throw rank.malformed("no tensor", name)
            }
            whole = whole ?? (tensor.dtype, tensor.shape)
            let own = box ?? (tensor.shape.map { _ in 0 }, tensor.shape)
            guard tensor.dtype == whole?.dtype, tensor.shape == own.sizes else {
                throw rank.malformed("\(tensor.dtype.rawValue) \(tensor.shape) where \(own.sizes) is expected", name)
            }
            guard LogicalTensor.count(own.sizes).map({ $0 > 0 }) ?? false else { continue }
            pieces.append(
                TensorPiece(
                    file: rank.index, offset: try rank.offset(of: tensor),
                    placement: Placement(offsets: own.offsets, sizes: own.sizes)))
        }
        guard let whole else { return nil }
        return try LogicalTensor(
            name: name, dtype: whole.dtype, shape: whole.shape, pieces: pieces, file: ranks[0].path)
    }

    // MARK: Optimizer

    private mutating func optimizers(
        _ kind: Kind, _ names: [ModelName], prefix: [String]
    ) throws(VarveError) -> [OptimizerState] {
        let first = kind.ranks[0]
        guard let states = first.value("state").flatMap({ first.tree.pairs($0) }) else { return [] }
        try Self.checkSteps(kind.ranks)
        let path = prefix + ["optimizer", "state"]
        let byRank = kind.ranks.map { rank in rank.value("state").map { rank.fields($0) } ?? [:] }
        // A vector beside matrices is a bias of which each rank has all, no flat parameters.
        let isFlat = states.allSatisfy { state in
            (first.tree.pairs(state.value) ?? []).allSatisfy { field in
                ShardedTensor(field.value, first.tree) == nil && (first.tensor(field.value)?.shape.count ?? 0) <= 1
            }
        }
        var slots: [String: OptimizerSlot] = [:]
        var order: [String] = []
        var flat: [FlatParameters.State] = []
        for pair in states {
            guard let key = first.reader.key(pair.key), let fields = first.tree.pairs(pair.value), slots[key] == nil
            else {
                continue
            }
            var values: [OptimizerValue] = []
            var buffers: [String: FlatBuffer] = [:]
            for field in fields {
                guard let name = first.tree.string(field.key) else { continue }
                if let number = first.tree.number(field.value) {
                    values.append(OptimizerValue(key: name, content: .number(number)))
                    continue
                }
                var nodes: [PickleTree.Node] = []
                for (rank, states) in zip(kind.ranks, byRank) {
                    guard let node = states[key].flatMap({ rank.value(name, from: $0) }) else {
                        throw rank.malformed("no \(name) for parameter \(key)")
                    }
                    nodes.append(node)
                }
                if isFlat, let buffer = try Self.flat(nodes, kind.ranks) {
                    buffers[name] = buffer
                } else if let tensor = try join("\(key).\(name)", nodes, kind.ranks) {
                    values.append(OptimizerValue(key: name, content: .tensor(assembler.add(tensor))))
                }
            }
            if !buffers.isEmpty { flat.append(FlatParameters.State(values: values, buffers: buffers)) }
            var slot = OptimizerSlot(statePath: (path + [key]).joined(separator: "."))
            slot.hasState = !values.isEmpty
            StateRoles.assign(values, to: &slot, tensor: assembler.stored)
            slots[key] = slot
            order.append(key)
        }
        if !flat.isEmpty, flat.count == order.count {
            return try flatOptimizer(flat, names, first, ranks: kind.ranks.count)
        }
        return [Self.grouped(first, slots, order, file: assembler.fileIndex)]
    }

    /// That the ranks' optimizers have made as many steps, with the same learning rate. One parameter tells.
    private static func checkSteps(_ ranks: [RankFile]) throws(VarveError) {
        var steps = Agreement("the optimizer's step"), rates = Agreement("the optimizer's learning rate")
        for rank in ranks {
            let state = rank.value("state").flatMap { rank.tree.pairs($0) }?.first?.value
            steps.add(state.flatMap { rank.value("step", from: $0) }.flatMap { rank.scalar($0) }, rank.path)
            let group = rank.value("param_groups").flatMap { rank.tree.elements($0) }?.first
            rates.add(group.flatMap { rank.value("lr", from: $0) }.flatMap { rank.scalar($0) }, rank.path)
        }
        try steps.check()
        try rates.check()
    }

    /// Plain flat tensors of all ranks, one after the other: FSDP1's. `nil` where a rank's is something else.
    private static func flat(_ nodes: [PickleTree.Node], _ ranks: [RankFile]) throws(VarveError) -> FlatBuffer? {
        var buffer: FlatBuffer?
        for (node, rank) in zip(nodes, ranks) {
            guard let tensor = rank.tensor(node), tensor.shape.count == 1 else { return nil }
            try rank.append(tensor, to: &buffer)
        }
        return buffer
    }

    /// Slots by the param groups of the first rank.
    private static func grouped(
        _ rank: RankFile, _ slots: [String: OptimizerSlot], _ order: [String], file: Int
    ) -> OptimizerState {
        var groups: [OptimizerGroup] = []
        var used: Set<String> = []
        for node in rank.value("param_groups").flatMap({ rank.tree.elements($0) }) ?? [] {
            var group = rank.reader.emptyGroup(node)
            for member in rank.value("params", from: node).flatMap({ rank.tree.elements($0) }) ?? [] {
                guard let key = rank.reader.key(member), var slot = slots[key], used.insert(key).inserted else {
                    continue
                }
                if Int(key) == nil { slot.givenName = key }
                group.slots.append(slot)
            }
            groups.append(group)
        }
        let left = order.filter { !used.contains($0) }
        if !left.isEmpty {
            groups.append(
                OptimizerGroup(
                    hyperparameters: Hyperparameters(), weightDecay: nil, slots: left.compactMap { slots[$0] }))
        }
        return OptimizerState(file: file, path: [], groups: groups)
    }

    /// FSDP1's states by parameter; none where the sizes do not tell which are where.
    private mutating func flatOptimizer(
        _ states: [FlatParameters.State], _ names: [ModelName], _ rank: RankFile, ranks: Int
    ) throws(VarveError) -> [OptimizerState] {
        let parameters = names.filter(\.isSharded).map { (name: $0.name, shape: $0.shape) }
        guard let units = FlatParameters.units(parameters, states, ranks: ranks) else { return [] }
        var result = DCPStates()
        for (state, unit) in zip(states, units) {
            for (key, buffer) in state.buffers.sorted(by: { $0.key < $1.key }) {
                var position = 0
                for (name, shape) in unit {
                    let count = LogicalTensor.count(shape) ?? 0
                    guard
                        let pieces = buffer.pieces(
                            position..<position + count, offsets: shape.map { _ in 0 }, sizes: shape)
                    else { throw rank.malformed("the flat \(key) ends too early", name) }
                    let tensor = try LogicalTensor(
                        name: "\(name) \(key)", dtype: buffer.dtype, shape: shape, pieces: pieces, file: rank.path)
                    try result.add(assembler.add(tensor), key: key, of: name, in: "optimizer")
                    position += count
                }
            }
            for value in state.values { for (name, _) in unit { result.add(value, of: name, in: "optimizer") } }
        }
        let group = rank.value("param_groups").flatMap { rank.tree.elements($0) }?.first
        result.setGroups(group.map { rank.reader.emptyGroup($0).hyperparameters })
        return result.optimizers(file: assembler.fileIndex, tensor: assembler.stored)
    }
}
