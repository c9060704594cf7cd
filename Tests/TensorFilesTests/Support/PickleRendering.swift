import FileSystem
import TensorFiles

/// A tree as text, for comparisons. For small trees without cycles only.
enum PickleRendering {
    static func text(of tree: PickleTree) -> String { text(of: tree.root, in: tree) }

    private static func text(of node: PickleTree.Node, in tree: PickleTree) -> String {
        func list(_ nodes: [PickleTree.Node]) -> String { nodes.map { text(of: $0, in: tree) }.joined(separator: ", ") }
        func dict(_ pairs: [PickleTree.Pair]) -> String {
            "{" + pairs.map { "\(text(of: $0.key, in: tree)): \(text(of: $0.value, in: tree))" }.joined(separator: ", ")
                + "}"
        }
        func hexadecimal(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        switch tree[node] {
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return String(value)
        case .bigInt(let bytes): return "big " + hexadecimal(bytes)
        case .float(let value): return "\(value)"
        case .string(let text): return "'\(text)'"
        case .bytes(let bytes): return "bytes " + hexadecimal(bytes)
        case .list(let nodes): return "[" + list(nodes) + "]"
        case .tuple(let nodes): return "(" + list(nodes) + ")"
        case .dict(let pairs): return dict(pairs)
        case .set(let nodes): return "{" + list(nodes) + "}"
        // Python 2 called its built-in module otherwise.
        case .global(let module, let name): return (module == "__builtin__" ? "builtins" : module) + "." + name
        case .persistent(let identifier): return "persistent " + text(of: identifier, in: tree)
        case .object(let callable, let arguments, let state, let items, let pairs):
            var result = text(of: callable, in: tree)
            let arguments = tree.elements(arguments) ?? []
            result += "(" + list(arguments) + ")"
            if !items.isEmpty { result += " items [" + list(items) + "]" }
            if !pairs.isEmpty { result += " pairs " + dict(pairs) }
            if let state { result += " state " + text(of: state, in: tree) }
            return result
        }
    }
}
