import TensorFiles

extension Hyperparameters {
    /// What a param group says, as the optimizers of torch and their kin write it.
    /// - Parameter scalar: reads a number, which some optimizers keep as a tensor.
    init(_ group: PickleTree.Node, in tree: PickleTree, scalar: (PickleTree.Node) -> Double?) {
        func value(_ key: String) -> Double? { tree.value(group, key).flatMap(scalar) }
        self.init(learningRate: value("lr"), epsilon: value("eps"))
        if let betas = tree.value(group, "betas").flatMap({ tree.elements($0) }), betas.count >= 2 {
            beta1 = scalar(betas[0])
            beta2 = scalar(betas[1])
        }
        isOrthogonalized = ["ns_steps", "ns_coefficients"].contains { tree.value(group, $0) != nil }
        beta1 = beta1 ?? value("momentum") ?? value("beta1")
        beta2 = beta2 ?? value("alpha")
    }
}
