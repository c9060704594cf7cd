import TensorFiles

extension PickleTree {
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
