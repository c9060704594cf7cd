/// What a param group says about its parameters' updates. `nil` where the group does not say.
package struct Hyperparameters: Sendable, Hashable {
    package var learningRate: Double?
    /// Decay of the first moment (`betas[0]`, `momentum`).
    package var beta1: Double?
    /// Decay of the second moment (`betas[1]`, `alpha` of RMSprop).
    package var beta2: Double?
    package var epsilon: Double?
    /// The update is the momentum made orthogonal (Muon), so that its size means nothing.
    package var isOrthogonalized = false

    package init(learningRate: Double? = nil, beta1: Double? = nil, beta2: Double? = nil, epsilon: Double? = nil) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }
}
