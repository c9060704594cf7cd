package import FileSystem

extension PickleTree {
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
}
