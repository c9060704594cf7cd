extension PickleTree {
    /// Key-value pairs of a dict, an `OrderedDict`, a `defaultdict`, or of an object's `__dict__` (a `Namespace`).
    package func pairs(_ node: Node) -> [Pair]? {
        switch self[node] {
        case .dict(let pairs): return pairs
        case .object(_, _, let state, _, let pairs):
            if !pairs.isEmpty { return pairs }
            if isOrderedDictionary(node) { return [] }
            if let state, case .dict(let fields) = self[state] { return fields }
            return nil
        default: return nil
        }
    }

    /// Whether the node is built by `collections.OrderedDict` or `defaultdict`.
    package func isOrderedDictionary(_ node: Node) -> Bool {
        guard case .object(let callable, _, _, _, _) = self[node],
            case .global(let module, let name) = self[callable]
        else { return false }
        return module == "collections" && (name == "OrderedDict" || name == "defaultdict")
    }

    /// Elements of a list or tuple.
    package func elements(_ node: Node) -> [Node]? {
        switch self[node] {
        case .list(let nodes), .tuple(let nodes): nodes
        default: nil
        }
    }

    /// The value under a string key.
    package func value(_ node: Node, _ key: String) -> Node? {
        pairs(node)?.first { string($0.key) == key }?.value
    }

    package func string(_ node: Node) -> String? {
        if case .string(let text) = self[node] { return text }
        return nil
    }

    package func integer(_ node: Node) -> Int64? {
        if case .int(let value) = self[node] { return value }
        return nil
    }

    /// A float, or an integer as one.
    package func number(_ node: Node) -> Double? {
        switch self[node] {
        case .float(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }
}
