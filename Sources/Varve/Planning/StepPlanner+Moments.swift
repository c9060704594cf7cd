import TensorFiles
import ChainArchive
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
        quantized.firstMomentScale = Self.firstMomentScale(parameter, hasSecond: quantized.secondMoment != nil)
        return (quantized, rest)
    }

    /// What the optimizer's settings say of the change that the next checkpoint will bring to a weight.
    func expectedChange(_ parameter: Parameter) -> ExpectedChange? {
        guard let hyper = parameter.hyperparameters, let rate = hyper.learningRate, rate > 0, !hyper.isOrthogonalized
        else { return nil }
        let done = optimizerSteps(parameter) ?? (contents.step.isEpoch ? nil : contents.step.number)
        guard let steps = distance ?? done, steps > 0 else { return nil }
        let update: ExpectedChange.Update
        switch (parameter.firstMoment != nil, parameter.secondMoment != nil) {
        case (true, true):
            update = .adam(beta1: hyper.beta1 ?? 0, beta2: hyper.beta2 ?? 0, epsilon: hyper.epsilon ?? 0)
        // Lion takes the sign of what its two betas give; SGD adds its momentum.
        case (true, false): update = hyper.beta2 == nil ? .momentum : .unit
        case (false, true): update = .unit
        case (false, false): return nil
        }
        return ExpectedChange(learningRate: rate, update: update, done: done, steps: steps)
    }

    /// What of a second moment is left of the one in the step before: beta2 to the power of the distance, by squaring,
    /// because pow is not the same number everywhere.
    func decay(_ beta: Double?) -> Double? {
        guard predecessor?.step != nil, let beta, beta > 0, beta < 1, var rest = distance, rest > 0 else { return nil }
        var (result, square) = (1.0, beta)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// The optimizer's own count of its steps for a parameter.
    private func optimizerSteps(_ parameter: Parameter) -> Int? {
        guard let value = parameter.other.first(where: { $0.key == "step" }) else { return nil }
        switch value.content {
        case .number(let number): return Int(exactly: number.rounded())
        case .tensor(let tensorIndex):
            guard let (file, tensor) = contents.tensor(tensorIndex), tensor.count == 1,
                let range = file.byteRange(of: tensor), let format = tensor.dtype.floatFormat,
                let bytes = try? file.source.bytes(at: range.lowerBound, count: range.count)
            else { return nil }
            return format.floats(bytes).first.flatMap { Int(exactly: $0.rounded()) }
        }
    }

    /// What the first moment's size means to the optimizer that keeps it.
    private static func firstMomentScale(_ parameter: Parameter, hasSecond: Bool) -> FirstMomentScale {
        guard let hyper = parameter.hyperparameters else { return .unknown }
        // Muon makes the momentum orthogonal; Lion, with two betas and no second moment, takes its sign.
        if hyper.isOrthogonalized || (hyper.beta2 != nil && !hasSecond && parameter.secondMoment == nil) {
            return .direction
        }
        guard let rate = hyper.learningRate, let beta = hyper.beta1, rate > 0, beta > 0, beta < 1,
            let rule = AdamUpdate(factor: (1 - beta) / (rate * beta), epsilon: hasSecond ? hyper.epsilon ?? 0 : 0)
        else { return .unknown }
        return .adamUpdate(rule)
    }
}
