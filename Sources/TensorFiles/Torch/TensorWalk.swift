import FileSystem

/// Finds every tensor in a torch pickle and names it by its path from the root.
///
/// Depth first, in the order of the pickle, without recursion. Shared containers are walked again under each of their
/// names, as far as a budget relative to the pickle allows; a container within itself is not entered twice.
struct TensorWalk {
    typealias Node = PickleTree.Node

    /// Containers nested deeper are not entered; Python itself gives up at about 1000.
    private static let depthLimit = 1000

    /// A container on the path from the root, with those of its children that can hold tensors.
    private struct Frame {
        var node: Node
        var children: [(component: [UInt8]?, node: Node)]
        var next = 0
        /// Bytes of the path to this container.
        var pathCount: Int
        var isOpaque: Bool
    }

    private let tree: PickleTree
    private let builder: TensorBuilder
    private let file: String
    private var tensors: [StoredTensor] = []
    private var evaluated: [Node: TensorBuilder.Result] = [:]
    private var frames: [Frame] = []
    private var path: [UInt8] = []
    private var isOnPath: [Bool]
    private var wasEntered: [Bool]
    /// What may still be spent on walking containers again and on names, in children and bytes.
    private var revisits: Int
    private var nameBytes: Int
    /// The same for dimensions: many tensors may share one tuple of sizes.
    private var dimensions: Int

    /// - Throws: `.malformed` with the name of the first tensor that exceeds its storage.
    static func run(_ tree: PickleTree, _ storages: TorchStorages, file: String) throws(VarveError) -> [StoredTensor] {
        var walk = TensorWalk(tree, storages, file: file)
        try walk.visit(tree.root, isOpaque: false)
        while let last = walk.frames.indices.last {
            let frame = walk.frames[last]
            walk.path.removeSubrange(frame.pathCount...)
            guard frame.next < frame.children.count else {
                walk.isOnPath[Int(frame.node)] = false
                walk.frames.removeLast()
                continue
            }
            walk.frames[last].next += 1
            let child = frame.children[frame.next]
            if let component = child.component {
                if !walk.path.isEmpty { walk.path.append(UInt8(ascii: ".")) }
                walk.path += component
            }
            try walk.visit(child.node, isOpaque: frame.isOpaque)
        }
        return walk.tensors
    }

    private init(_ tree: PickleTree, _ storages: TorchStorages, file: String) {
        self.tree = tree
        self.builder = TensorBuilder(tree: tree, storages: storages)
        self.file = file
        isOnPath = [Bool](repeating: false, count: tree.nodes.count)
        wasEntered = isOnPath
        revisits = 2 * tree.nodes.count + 100_000
        nameBytes = 256 * tree.nodes.count + (1 << 20)
        dimensions = 8 * tree.nodes.count + (1 << 16)
    }

    private mutating func visit(_ node: Node, isOpaque: Bool) throws(VarveError) {
        guard !isOnPath[Int(node)] else { return }
        var isOpaque = isOpaque
        let children: [(component: [UInt8]?, node: Node)]
        switch try evaluate(node) {
        case .tensor(var tensor):
            nameBytes -= path.count
            guard nameBytes >= 0 else {
                throw VarveError(.malformed, "the names of its tensors are longer than the pickle allows", file: file)
            }
            tensor.name = String(decoding: path, as: UTF8.self)
            tensor.isOpaque = tensor.isOpaque || isOpaque
            tensors.append(tensor)
            children = builder.attributes(of: node).map { (nil, $0) }
        case .unlisted: children = []
        case .other:
            isOpaque = isOpaque || builder.isUnknownBuilder(node)
            children = tree.walkable(node)
        }
        guard !children.isEmpty, frames.count < Self.depthLimit else { return }
        if wasEntered[Int(node)] {
            revisits -= children.count + 1
            if revisits < 0 { return }
        }
        wasEntered[Int(node)] = true
        isOnPath[Int(node)] = true
        frames.append(Frame(node: node, children: children, pathCount: path.count, isOpaque: isOpaque))
    }

    private mutating func evaluate(_ node: Node) throws(VarveError) -> TensorBuilder.Result {
        if let known = evaluated[node] { return known }
        guard case .object = tree[node] else { return .other }
        do throws(TensorBuilder.Refusal) {
            let result = try builder.evaluate(node)
            if case .tensor(let tensor) = result { dimensions -= tensor.shape.count }
            guard dimensions >= 0 else {
                throw TensorBuilder.Refusal(message: "its tensors have more dimensions than the pickle allows")
            }
            evaluated[node] = result
            return result
        } catch {
            throw VarveError(.malformed, error.message, file: file, tensor: String(decoding: path, as: UTF8.self))
        }
    }
}

extension PickleTree {
    /// The children of a container or object that can hold tensors in turn, with their component of a tensor's name
    /// (`nil`: none, as for an object's state).
    func walkable(_ node: Node) -> [(component: [UInt8]?, node: Node)] {
        switch self[node] {
        case .list(let nodes), .tuple(let nodes), .set(let nodes): numbered(nodes)
        case .dict(let pairs): keyed(pairs)
        case .object(_, let arguments, let state, let items, let pairs):
            // An object's fields stand under their own names, beside the keys of a dict subclass.
            numbered(elements(arguments) ?? []) + numbered(items) + keyed(pairs)
                + (state.map { isContainer($0) ? fields($0) : [] } ?? [])
        default: []
        }
    }

    /// A state is a dict, or with slots a pair of dicts.
    private func fields(_ state: Node) -> [(component: [UInt8]?, node: Node)] {
        if case .tuple(let parts) = self[state], parts.count == 2,
            parts.allSatisfy({ if case .dict = self[$0] { true } else { self[$0] == .none } })
        {
            return parts.map { (nil, $0) }
        }
        return [(nil, state)]
    }

    private func numbered(_ nodes: [Node]) -> [(component: [UInt8]?, node: Node)] {
        var result: [(component: [UInt8]?, node: Node)] = []
        for (index, node) in nodes.enumerated() where isContainer(node) {
            result.append((Array(String(index).utf8), node))
        }
        return result
    }

    private func keyed(_ pairs: [Pair]) -> [(component: [UInt8]?, node: Node)] {
        var result: [(component: [UInt8]?, node: Node)] = []
        for (index, pair) in pairs.enumerated() where isContainer(pair.value) {
            result.append((Array((component(of: pair.key) ?? "#\(index)").utf8), pair.value))
        }
        return result
    }

    /// What a key looks like in a tensor's name. `nil` for keys that are no plain values.
    package func component(of key: Node) -> String? {
        switch self[key] {
        case .string, .bytes: text(key)
        case .int(let value): String(value)
        case .bool(let value): value ? "True" : "False"
        case .none: "None"
        case .float(let value): "\(value)"
        default: nil
        }
    }

    private func isContainer(_ node: Node) -> Bool {
        switch self[node] {
        case .list(let nodes), .tuple(let nodes), .set(let nodes): !nodes.isEmpty
        case .dict(let pairs): !pairs.isEmpty
        case .object: true
        default: false
        }
    }
}
