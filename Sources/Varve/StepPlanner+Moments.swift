import Checkpoints
import TensorCodecs

/// What becomes of the moments of a parameter.
extension StepPlanner {
    /// Which of the moments are quantized with their weight, and which are stored exactly.
    ///
    /// Under `excp` a second moment alone (RMSprop, Adagrad) stays exact: pruned to zero it would blow up the resumed
    /// run's first updates, where no pruned first moment holds against it. Under both methods one beside `grad_avg`
    /// (centered RMSprop) does, which takes the root of their difference.
    func quantizedMoments(
        _ weight: PlannedTensor, first: PlannedTensor?, second: PlannedTensor?, maximum: PlannedTensor?,
        parameter: Parameter
    ) -> (parameter: PlannedParameter, rest: [PlannedTensor]) {
        func fits(_ moment: PlannedTensor?) -> Bool {
            guard let moment else { return false }
            return moment.dtype.isQuantizable && moment.shape.reduce(1, *) == weight.shape.reduce(1, *)
        }
        var quantized = PlannedParameter(weight: weight), rest: [PlannedTensor] = []
        let isCentered = parameter.other.contains { $0.key == "grad_avg" }
        if fits(first) { quantized.firstMoment = first } else { rest += [first].compactMap { $0 } }
        let takesSecond: Bool
        if case .transform = method { takesSecond = true } else { takesSecond = quantized.firstMoment != nil }
        if fits(second), takesSecond, !isCentered {
            quantized.secondMoment = second
        } else {
            rest += [second].compactMap { $0 }
        }
        if case .transform = method, fits(maximum), quantized.secondMoment != nil {
            quantized.maximum = maximum
        } else {
            rest += [maximum].compactMap { $0 }
        }
        quantized.momentRule = Self.momentRule(parameter, hasSecond: quantized.secondMoment != nil)
        return (quantized, rest)
    }

    /// amsgrad's third tensor.
    static let maximumKey = "max_exp_avg_sq"

    /// What the first moment's size means to the optimizer that keeps it.
    private static func momentRule(_ parameter: Parameter, hasSecond: Bool) -> MomentRule {
        guard let hyper = parameter.hyperparameters else { return .unknown }
        // Muon makes the momentum orthogonal; Lion, with two betas and no second moment, takes its sign.
        if hyper.isOrthogonalized || (hyper.beta2 != nil && !hasSecond && parameter.secondMoment == nil) {
            return .direction
        }
        guard let rate = hyper.learningRate, let beta = hyper.beta1, rate > 0, beta > 0, beta < 1,
            let rule = Displacement(factor: (1 - beta) / (rate * beta), epsilon: hasSecond ? hyper.epsilon ?? 0 : 0)
        else { return .unknown }
        return .displacement(rule)
    }
}
