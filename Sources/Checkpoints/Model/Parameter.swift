/// A trained tensor (or a buffer) of a step and the optimizer state tied to it.
package struct Parameter: Sendable {
    /// The model's name for it: `model.layers.0.mlp.up_proj.weight`, without the path of the dict that holds the
    /// state dict. Where a run has several state dicts (GAN, EMA) the others keep their path as a prefix.
    package var name: String
    /// The weight. `nil` where only optimizer state was found.
    package var weight: TensorIndex?
    package var firstMoment: TensorIndex?
    package var secondMoment: TensorIndex?
    /// What the optimizer calls the two.
    package var momentKeys = MomentKeys()
    /// The optimizer's other values for it, in file order: `step`, `max_exp_avg_sq`, `row_var`...
    package var other: [OptimizerValue]
    /// No optimizer handles it, and its name or type says that it is a buffer (running statistics, counters, masks).
    package var isBuffer: Bool
    /// How the optimizer state was tied to the weight.
    package var pairing: Pairing
    /// Where the optimizer keeps it, `optimizer.state.3` (the tree path in its file); `nil` without state.
    package var statePath: String?
    /// The param group's hyper-parameters, where known.
    package var hyperparameters: Hyperparameters?

    package init(
        name: String, weight: TensorIndex?, firstMoment: TensorIndex? = nil,
        secondMoment: TensorIndex? = nil, other: [OptimizerValue] = [], isBuffer: Bool = false,
        pairing: Pairing = .none, statePath: String? = nil, hyperparameters: Hyperparameters? = nil
    ) {
        self.name = name
        self.weight = weight
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.other = other
        self.isBuffer = isBuffer
        self.pairing = pairing
        self.statePath = statePath
        self.hyperparameters = hyperparameters
    }
}

/// An optimizer's keys for the first and the second moment: `exp_avg`, `momentum_buffer`, `square_avg`.
package struct MomentKeys: Sendable, Hashable {
    package var first: String
    package var second: String

    /// Those of PyTorch's AdamW.
    package init(first: String = "exp_avg", second: String = "exp_avg_sq") {
        self.first = first
        self.second = second
    }
}
