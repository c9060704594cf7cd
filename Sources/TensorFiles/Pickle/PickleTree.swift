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
}
