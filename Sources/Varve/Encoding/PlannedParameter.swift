import TensorCodecs

/// A weight with the moments that are quantized along with it.
struct PlannedParameter: Sendable {
    var weight: PlannedTensor
    var firstMoment: PlannedTensor?
    var secondMoment: PlannedTensor?
    /// amsgrad's maximum of the second moments.
    var maximum: PlannedTensor?
    /// Tensors that seem to be the weight's values, each rounded to its own type: the model's half-precision copy where the
    /// weight is the optimizer's master, second names, an EMA at its start.
    var copies: [PlannedTensor] = []
    /// Whether optimizer state that was tied to it proves that it is trained.
    var isProven = true
    /// What the first moment's size means.
    var momentRule = MomentRule.unknown
    /// What the optimizer's settings say of the change to come; `nil` if they say nothing.
    var expectedChange: ExpectedChange?
    /// Element count.
    var count: Int { weight.count }
    var hasMoments: Bool { firstMoment != nil || secondMoment != nil }
    /// All that is coded of it, the weight first.
    var tensors: [PlannedTensor] { [weight, firstMoment, secondMoment, maximum].compactMap { $0 } + copies }
}
