/// A value of the optimizer's state for a parameter that is neither first nor second moment.
package struct OptimizerValue: Sendable {
    package enum Content: Sendable {
        case tensor(TensorIndex)
        case number(Double)
    }
    /// The optimizer's key: `step`, `max_exp_avg_sq`, `RMS`.
    package var key: String
    package var content: Content

    package init(key: String, content: Content) {
        self.key = key
        self.content = content
    }
}
