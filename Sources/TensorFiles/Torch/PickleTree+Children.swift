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
