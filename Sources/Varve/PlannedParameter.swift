import TensorCodecs

/// A weight with the moments that are quantized along with it.
struct PlannedParameter: Sendable {
    var weight: PlannedTensor
    var firstMoment: PlannedTensor?
    var secondMoment: PlannedTensor?
    /// amsgrad's maximum of the second moments.
    var maximum: PlannedTensor?
    /// The model's half-precision copy of the weight, which is then the optimizer's float32 master.
    var copy: PlannedTensor?
    /// What the first moment's size means.
    var momentRule = MomentRule.unknown
    /// What the optimizer's settings say of the change to come; `nil` if they say nothing.
    var expectedChange: ExpectedChange?
    /// Element count.
    var count: Int { weight.count }
    /// All that is coded of it, the weight first.
    var tensors: [PlannedTensor] { [weight, firstMoment, secondMoment, maximum, copy].compactMap { $0 } }
}
