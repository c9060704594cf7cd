/// A weight with the moments that are quantized along with it.
struct PlannedParameter: Sendable {
    var weight: PlannedTensor
    var firstMoment: PlannedTensor?
    var secondMoment: PlannedTensor?
    /// Element count.
    var count: Int { weight.shape.reduce(1, *) }
}
