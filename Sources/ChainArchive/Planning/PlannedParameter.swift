package import TensorCodecs

/// A weight with the moments that are quantized along with it.
package struct PlannedParameter: Sendable {
    package var weight: PlannedTensor
    package var firstMoment: PlannedTensor?
    package var secondMoment: PlannedTensor?
    /// amsgrad's maximum of the second moments.
    package var maximum: PlannedTensor?
    /// Tensors that seem to be the weight's values, each rounded to its own type: the model's half-precision copy where the
    /// weight is the optimizer's master, second names, an EMA at its start.
    package var copies: [PlannedTensor] = []
    /// Whether optimizer state that was tied to it proves that it is trained.
    package var isProven = true
    /// What the first moment's size means.
    package var firstMomentScale = FirstMomentScale.unknown
    /// What the optimizer's settings say of the change to come; `nil` if they say nothing.
    package var expectedChange: ExpectedChange?
    /// How much finer than the model's the weight's step size is (`QuantizerScales`); 1 where nothing tells.
    package var quantizerScale = 1.0
    /// Where its chain's state is kept with its restored values, if it is taken again from those.
    package var archived: ScratchStore?
    /// Squared change of the original since the step that it is coded against, as recorded; `nil` where that was another.
    package var recordedChange: Double?

    package init(
        weight: PlannedTensor, firstMoment: PlannedTensor? = nil, secondMoment: PlannedTensor? = nil,
        maximum: PlannedTensor? = nil, copies: [PlannedTensor] = [], isProven: Bool = true,
        firstMomentScale: FirstMomentScale = FirstMomentScale.unknown, expectedChange: ExpectedChange? = nil
    ) {
        self.weight = weight
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.maximum = maximum
        self.copies = copies
        self.isProven = isProven
        self.firstMomentScale = firstMomentScale
        self.expectedChange = expectedChange
    }
    /// Element count.
    package var count: Int { weight.count }
    package var hasMoments: Bool { firstMoment != nil || secondMoment != nil }
    /// All that is coded of it, the weight first.
    package var tensors: [PlannedTensor] { [weight, firstMoment, secondMoment, maximum].compactMap { $0 } + copies }
}
