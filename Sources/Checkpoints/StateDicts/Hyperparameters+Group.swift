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

    /// What groups say whose parameters are unknown: what they agree on, with the smallest of their learning rates, so that
    /// no weight is expected to change more than it will. `nil` where there are none, or where they are of several kinds.
    static func shared(by groups: [Hyperparameters]) -> Hyperparameters? {
        guard var shared = groups.first else { return nil }
        for group in groups.dropFirst() {
            var alike = group
            alike.learningRate = shared.learningRate
            guard alike == shared else { return nil }
            // Groups that stand still say nothing of the others.
            let rates = [shared.learningRate, group.learningRate].compactMap { $0 }.filter { $0 > 0 }
            shared.learningRate = rates.min() ?? shared.learningRate
        }
        return shared
    }
}
