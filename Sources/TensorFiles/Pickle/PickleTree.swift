package import FileSystem

/// An unpickled object as pure data: no class is looked up, nothing is executed.
///
/// Nodes live in one array and refer to each other by index, so a hostile, deeply nested pickle can overflow no stack
/// when it is walked or freed. Shared objects (the memo) are shared nodes; cycles are possible, walkers keep a depth
/// limit or a visited set.
package struct PickleTree: Sendable {
    /// Index of a node in `nodes`.
    package typealias Node = Int32

    package enum Value: Sendable, Hashable {
        case none
        case bool(Bool)
        case int(Int64)
        /// An integer beyond 64 bits: its two's complement bytes, little-endian.
        case bigInt([UInt8])
        case float(Double)
        case string(String)
        case bytes([UInt8])
        case list([Node])
        case tuple([Node])
        /// Pairs in insertion order.
        case dict([Pair])
        case set([Node])
        /// A class or function by name, never resolved.
        case global(module: String, name: String)
        /// A call or an object: `items` and `pairs` were added after construction (list and dict subclasses),
        /// `state` by BUILD.
        case object(callable: Node, arguments: Node, state: Node?, items: [Node], pairs: [Pair])
        /// A persistent id (torch: a storage), by its argument.
        case persistent(Node)
    }

    package struct Pair: Sendable, Hashable {
        package var key: Node
        package var value: Node
        package init(key: Node, value: Node) {
            self.key = key
            self.value = value
        }
    }

    package var nodes: [Value]
    package var root: Node

    package init(nodes: [Value], root: Node) {
        self.nodes = nodes
        self.root = root
    }

    package subscript(node: Node) -> Value { nodes[Int(node)] }

    /// Reads the pickle that starts at `offset`. Bytes behind its end are ignored, as Python does.
    /// - Throws: `.truncated`, `.malformed`, `.unsupported` (an opcode or protocol that no checkpoint has) with the
    ///   offset; `.inputOutput`.
    package static func read(_ source: any ByteSource, at offset: UInt64 = 0) throws(VarveError) -> PickleTree {
        var input = PickleInput(source, min(offset, source.byteCount)..<source.byteCount)
        return try PickleMachine.run(&input)
    }

    /// A string, or the bytes of a Python 2 string that are UTF-8.
    package func text(_ node: Node) -> String? {
        switch self[node] {
        case .string(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// Whether the node is that class or function.
    package func isGlobal(_ node: Node, _ module: String, _ name: String) -> Bool {
        self[node] == .global(module: module, name: name)
    }

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

    /// The whole numbers of a tuple, a list or a `torch.Size`; `nil` for anything else.
    package func sizes(_ node: Node) -> [Int]? {
        var node = node
        // torch.Size((2, 3))
        if case .object(let callable, let arguments, _, _, _) = self[node], isGlobal(callable, "torch", "Size"),
            let inner = elements(arguments)?.first
        {
            node = inner
        }
        guard let elements = elements(node) else { return nil }
        var result: [Int] = []
        for element in elements {
            guard let value = integer(element).flatMap({ Int(exactly: $0) }) else { return nil }
            result.append(value)
        }
        return result
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
