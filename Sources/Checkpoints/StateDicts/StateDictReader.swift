import TensorFiles

/// Finds state dicts, optimizers and step numbers in the pickle of a torch file.
struct StateDictReader {
    /// Deeper nesting than this holds no state dict anybody wrote.
    static let depthLimit = 16

    let file: TensorFile
    let tree: PickleTree
    let fileIndex: Int
    /// Tensors by name (the path in the tree) and by the node that builds them.
    private let byName: [String: Int]
    private let byNode: [PickleTree.Node: Int]

    private(set) var dictionaries: [StateDict] = []
    private(set) var optimizers: [OptimizerState] = []
    private var visited: Set<PickleTree.Node> = []

    /// `nil` for a file without a tree (safetensors).
    init?(_ file: TensorFile, fileIndex: Int) {
        guard let tree = file.tree else { return nil }
        self.file = file
        self.tree = tree
        self.fileIndex = fileIndex
        var byName: [String: Int] = [:]
        var byNode: [PickleTree.Node: Int] = [:]
        for (index, tensor) in file.tensors.enumerated() {
            if byName[tensor.name] == nil { byName[tensor.name] = index }
            if let node = tensor.node, byNode[node] == nil { byNode[node] = index }
        }
        self.byName = byName
        self.byNode = byNode
    }

    /// The tensor a node stands for; the one listed under `path` where several names share the node.
    func tensor(_ node: PickleTree.Node, _ path: [String]) -> Int? {
        guard case .object = tree[node] else { return nil }
        if let index = byName[path.joined(separator: ".")], file.tensors[index].node.map({ $0 == node }) ?? true {
            return index
        }
        if let index = byNode[node] { return index }
        // A Parameter around a tensor: the file may list the inner node.
        guard let index = byName[path.joined(separator: ".")], case .object(_, let arguments, _, _, _) = tree[node],
            let inner = tree.elements(arguments)?.first, file.tensors[index].node == inner
        else { return nil }
        return index
    }

    func tensorIndex(_ node: PickleTree.Node, _ path: [String]) -> TensorIndex? {
        tensor(node, path).map { TensorIndex(file: fileIndex, tensor: $0) }
    }

    /// The text of a dict key: strings as they are, integers in decimal.
    func key(_ node: PickleTree.Node) -> String? {
        tree.string(node) ?? tree.integer(node).map(String.init)
    }

    /// Walks the whole tree.
    mutating func read() { walk(tree.root, [], 0) }

    private mutating func walk(_ node: PickleTree.Node, _ path: [String], _ depth: Int) {
        guard depth <= StateDictReader.depthLimit, visited.insert(node).inserted, tensor(node, path) == nil else {
            return
        }
        if let module = module(node, path) {
            dictionaries.append(module)
        } else if let pairs = tree.pairs(node) {
            if let optimizer = optimizer(node, path) {
                optimizers.append(optimizer)
                return
            }
            if let dictionary = dictionary(pairs, path) {
                dictionaries.append(dictionary)
                return
            }
            for pair in pairs {
                guard let key = key(pair.key), !StateDictReader.isElsewhere(key) else { continue }
                walk(pair.value, path + [key], depth + 1)
            }
        } else if let elements = tree.elements(node) {
            for (index, element) in elements.enumerated() { walk(element, path + [String(index)], depth + 1) }
        }
    }

    /// Parts of a checkpoint that hold tensors but no weights.
    private static func isElsewhere(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["rng", "random_state", "scheduler", "grad_scaler", "metric", "history", "callbacks", "loops"]
            .contains { key.contains($0) }
    }

    /// A dict whose values are mostly tensors, at least one of them a real array of floats.
    private func dictionary(_ pairs: [PickleTree.Pair], _ path: [String]) -> StateDict? {
        var entries: [StateDict.Entry] = []
        var hasWeights = false
        for pair in pairs {
            guard let name = tree.string(pair.key), let index = tensor(pair.value, path + [name]) else { continue }
            entries.append(.init(name: name, tensorIndex: TensorIndex(file: fileIndex, tensor: index)))
            let tensor = file.tensors[index]
            if !tensor.shape.isEmpty, tensor.dtype.isFloatingPoint { hasWeights = true }
        }
        guard hasWeights, entries.count * 2 > pairs.count else { return nil }
        return StateDict(path: path, file: fileIndex, entries: entries)
    }
}

extension DType {
    /// Whether values of this type can be weights: floats of any width, complex numbers.
    var isFloatingPoint: Bool {
        switch self {
        case .f4, .f6e2m3, .f6e3m2, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: true
        case .f16, .bf16, .f32, .f64, .c32, .c64, .c128: true
        default: false
        }
    }
}
