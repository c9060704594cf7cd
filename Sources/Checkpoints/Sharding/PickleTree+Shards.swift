import TensorFiles

extension PickleTree {
    /// The whole numbers of a tuple, a list or a `torch.Size`; `nil` for anything else.
    func sizes(_ node: Node) -> [Int]? {
        var node = node
        if case .object(let callable, let arguments, _, _, _) = self[node], case .global(_, "Size") = self[callable],
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

    /// The name of the class or function that made an object, without its module: modules move between releases.
    func className(_ node: Node) -> String? {
        guard case .object(let callable, _, _, _, _) = self[node], case .global(_, let name) = self[callable] else {
            return nil
        }
        return name
    }

    /// What BUILD gave an object.
    func state(_ node: Node) -> Node? {
        guard case .object(_, _, let state, _, _) = self[node] else { return nil }
        return state
    }

    /// `torch.float32` and its kin.
    func torchType(_ node: Node) -> DType? {
        guard case .global("torch", let name) = self[node] else { return nil }
        return DType(torchName: name)
    }
}
