import TensorCodecs

/// A weight with the moments that are quantized along with it.
struct PlannedParameter: Sendable {
    var weight: PlannedTensor
    var firstMoment: PlannedTensor?
    var secondMoment: PlannedTensor?
    /// amsgrad's maximum of the second moments.
    var maximum: PlannedTensor?
    /// What the first moment's size means.
    var momentRule = MomentRule.unknown
    /// Element count.
    var count: Int { weight.shape.reduce(1, *) }
}
