import FileSystem
import TensorFiles

/// What a distributed checkpoint of Megatron-Core has of its own: layers stacked in one tensor, and optimizer states in flat
/// buffers.
struct MegatronStore {
    static let commonFile = "common.pt"

    let hyperparameters: Hyperparameters?
    /// Full names, in the metadata's order.
    private let weights: [DCPMetadata.TensorEntry]
    /// The metadata's file, for errors.
    private let source: String

    /// `nil` where the folder is none of Megatron's.
    /// - Throws: `.incomplete`, `.truncated`, `.malformed` where an object with param groups cannot be read.
    init?(_ folder: DCPFolder, _ files: [StepFile]) throws(VarveError) {
        let path = Paths.join(folder.metadata.folder, Self.commonFile)
        guard let common = files.first(where: { $0.path == path })?.tensorFile, let tree = common.tree,
            tree.value(tree.root, "checkpoint_version") != nil || tree.value(tree.root, "args") != nil
        else { return nil }
        if let common = Self.hyperparameters(tree) {
            hyperparameters = common
        } else {
            hyperparameters = Hyperparameters.shared(by: try Self.distributed(folder))
        }
        source = folder.source
        weights = folder.metadata.tensors.filter { StateName($0.name) == nil && !StateName.isElsewhere($0.name) }
    }

    /// What the param groups of `optimizer` say; `nil` where there are none. The scheduler's `max_lr` is no substitute: it
    /// may be far above the learning rate of the step.
    static func hyperparameters(_ tree: PickleTree) -> Hyperparameters? {
        Hyperparameters.shared(by: tree.value(tree.root, "optimizer").map { groups($0, tree) } ?? [])
    }

    /// The param groups of an optimizer, or of several that are chained: in a list, or in a dict by their numbers.
    private static func groups(_ node: PickleTree.Node, _ tree: PickleTree, depth: Int = 0) -> [Hyperparameters] {
        guard depth < 4 else { return [] }
        if let groups = tree.value(node, "param_groups").flatMap({ tree.elements($0) }) {
            return groups.map { group in Hyperparameters(group, in: tree) { tree.number($0) } }
        }
        if let inner = tree.value(node, "optimizer") { return groups(inner, tree, depth: depth + 1) }
        let numbered = (tree.pairs(node) ?? []).filter { tree.integer($0.key) != nil }.map(\.value)
        return (tree.elements(node) ?? numbered).flatMap { groups($0, tree, depth: depth + 1) }
    }

    /// With the optimizer in flat buffers, each group of ranks keeps its param groups as an object of its own:
    /// `optimizer.distributed.dp_group_idx_R.optimizer/shard_0_1`, and before that `chained_N.` where there are several
    /// optimizers. The ranks of an optimizer have the same groups, so the first is read.
    private static func distributed(_ folder: DCPFolder) throws(VarveError) -> [Hyperparameters] {
        var result: [Hyperparameters] = []
        var optimizers: Set<String> = []
        for (name, slice) in folder.metadata.objects.sorted(by: { $0.0 < $1.0 }) {
            guard let match = name.wholeMatch(of: /(.*)\.dp_group_idx_\d+\.optimizer\/shard_[^\/]*/),
                optimizers.insert(String(match.1)).inserted,
                let tree = try folder.object(slice, name)?.tree
            else { continue }
            result += groups(tree.root, tree)
        }
        return result
    }

    // MARK: Layers

    /// No model has as many; each becomes a tensor of its own.
    private static let mostLayers = 1 << 16

    /// The layers of a stacked tensor, each under its own name; the tensor itself where it is none.
    func layers(of tensor: LogicalTensor, named name: String) throws(VarveError) -> [(String, LogicalTensor)] {
        guard let (before, after) = Self.stack(name), tensor.shape.count > 1, tensor.shape[0] <= Self.mostLayers,
            tensor.replicas.isEmpty
        else {
            return [(Self.parameterName(name), tensor)]
        }
        let shape = Array(tensor.shape.dropFirst())
        var pieces: [Int: [TensorPiece]] = [:]
        for piece in tensor.pieces {
            let sizes = Array(piece.placement.sizes.dropFirst())
            let bytes = sizes.reduce(tensor.dtype.bits / 8, *)
            // Pieces of stacks are boxes: flat parts would end within a layer.
            guard piece.placement.range == 0..<piece.placement.volume else {
                return [(Self.parameterName(name), tensor)]
            }
            for layer in 0..<piece.placement.sizes[0] {
                pieces[piece.placement.offsets[0] + layer, default: []].append(
                    TensorPiece(
                        file: piece.file, offset: piece.offset + UInt64(layer * bytes),
                        placement: Placement(offsets: Array(piece.placement.offsets.dropFirst()), sizes: sizes)))
            }
        }
        var result: [(String, LogicalTensor)] = []
        for layer in pieces.keys.sorted() {
            let own = Self.parameterName("\(before)\(layer).\(after)")
            result.append(
                (
                    own,
                    try LogicalTensor(
                        name: "\(tensor.name)[\(layer)]", dtype: tensor.dtype, shape: shape,
                        pieces: pieces[layer] ?? [],
                        file: source)
                ))
        }
        return result
    }

    /// The parts before and behind the layer's number of a name that has none: `decoder.layers.` and `mlp.linear_fc1.weight`.
    static func stack(_ name: String) -> (before: String, after: String)? {
        guard let range = name.firstRange(of: "layers."),
            range.lowerBound == name.startIndex || name[..<range.lowerBound].last == "."
        else { return nil }
        let after = name[range.upperBound...]
        guard let first = after.first, !first.isNumber else { return nil }
        return (String(name[..<range.upperBound]), String(after))
    }

    /// The model's name for it: distributed checkpoints keep a norm under the linear layer that may be fused with it.
    static func parameterName(_ name: String) -> String {
        for (fused, own) in [
            (".self_attention.linear_qkv.layer_norm_", ".input_layernorm."),
            (".mlp.linear_fc1.layer_norm_", ".pre_mlp_layernorm."),
        ] {
            if let range = name.firstRange(of: fused) {
                return name[..<range.lowerBound] + own + name[range.upperBound...]
            }
        }
        return name
    }

    // MARK: Flat buffers

    private static let flatMark = ".gbuf_idx_"

    /// Whether a tensor is a flat buffer of the optimizer.
    func isFlat(_ name: String) -> Bool { name.contains(Self.flatMark) }

    /// `optimizer.distributed.dp_group_idx_R.gbuf_idx_G.dtype_(…).bucket_idx_B.KEY`.
    private struct FlatName {
        var group: Int
        /// The optimizer and its buffer.
        var buffer: String
        var bucket: Int
        var key: String

        init?(_ name: String) {
            guard let match = name.wholeMatch(of: /(.*)\.dp_group_idx_(\d+)\.gbuf_idx_(.+)\.bucket_idx_(\d+)\.(\w+)/),
                let group = Int(match.2), let bucket = Int(match.4)
            else { return nil }
            self.group = group
            buffer = "\(match.1) \(match.3)"
            self.bucket = bucket
            key = String(match.5)
        }
    }

    /// Finds the parameters' states in flat buffers; where the sizes do not come out they stay where they are.
    /// - Returns: `false` if there are buffers that are not understood, as of several optimizers (experts have their own).
    func addFlatStates(
        of folder: DCPFolder, to states: inout DCPStates, _ assembler: inout TensorAssembler
    ) throws(VarveError) -> Bool {
        var buckets: [String: [Int: [Int: FlatBuffer]]] = [:]
        var buffers: Set<String> = []
        for entry in folder.metadata.tensors where isFlat(entry.name) {
            guard let name = FlatName(entry.name), entry.shape.count == 1 else { return false }
            let tensor = try folder.tensor(entry)
            var buffer = FlatBuffer(tensor.dtype)
            for piece in tensor.pieces {
                try buffer.append(piece.placement.count, file: piece.file, offset: piece.offset)
            }
            buckets[name.key, default: [:]][name.group, default: [:]][name.bucket] = buffer
            buffers.insert(name.buffer)
        }
        if buffers.isEmpty { return true }
        guard buffers.count == 1, let groups = buckets.values.first.map({ $0.keys.sorted() }),
            groups == Array(0..<groups.count), groups.count <= 1 << 16
        else { return false }
        let parameters = try MegatronWalk.parameters(weights, folder, ranks: groups.count)
        guard let parameters else { return false }
        for (key, byGroup) in buckets.sorted(by: { $0.key < $1.key }) {
            var pieces: [Int: [TensorPiece]] = [:]
            for group in groups {
                guard let own = byGroup[group] else { return false }
                let list = own.keys.sorted().compactMap { own[$0] }
                guard MegatronWalk.walk(parameters, rank: group, list, into: &pieces) else { return false }
            }
            let dtype = byGroup[0]?.values.first?.dtype ?? .f32
            for (index, parameter) in parameters.enumerated() {
                let tensor = try LogicalTensor(
                    name: "\(key) of \(parameter.name)", dtype: dtype, shape: parameter.shape,
                    pieces: pieces[index] ?? [],
                    file: source)
                let value = StateName("optimizer.state.\(key).\(parameter.name)")?.key ?? key
                try states.add(assembler.add(tensor), key: value, of: parameter.name, in: "optimizer")
            }
        }
        return true
    }
}
