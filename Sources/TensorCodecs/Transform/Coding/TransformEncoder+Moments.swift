extension TransformEncoder {
    /// Restores the moments of a member as a decoder will, and quantizes what of them needs levels.
    func addMoments(_ input: ParameterInput, to member: inout EncodedParameter) {
        let exponents = member.state.exponents
        var second: [Float]?
        if let moment = input.second, let fitted = exponents.first {
            if settings.secondMomentStepSize > 0, !member.form.isVector {
                member.moments.secondStepSize = settings.secondMomentStepSize
                member.moments.secondLevels = moment.values.withUnsafeBufferPointer {
                    fitted.residual($0, stepSize: settings.secondMomentStepSize)
                }
            }
            let values = member.moments.second(fitted)
            member.second = moment.format.bytes(values)
            second = values
        }
        if let moment = input.maximum, exponents.count > 1 {
            member.maximum = moment.format.bytes(exponents[1].values)
        }
        guard let first = input.first else { return }
        if member.header.kind == .keyframe {
            member.first = first.format.bytes(member.keyframeMoment(input.form, exponents.first))
            return
        }
        quantize(first, input, second: second, member: &member)
        member.first = first.format.bytes(
            member.moments.first(
                unit: member.state.unit, scale: member.state.scale, form: input.form, second: second))
    }

    /// The first moment in displacement, with the weight's step: what lies below it gets nothing.
    private func quantize(
        _ first: MomentTensor, _ input: ParameterInput, second: [Float]?, member: inout EncodedParameter
    ) {
        member.moments.first = .zero
        guard member.header.kind != .hold, let rule = rule(first, input, second: second, member: member) else { return }
        let grid = PowerTable.two(Int(-member.state.unit))
        let stepSize = max(1, Int64((Double(member.header.stepSize) * settings.firstMomentStepSize).rounded()))
        let scale = ElementScale(member.state.scale, input.form)
        let quantizer = TileQuantizer(zone: DeadZone(theta: settings.theta), scale: 1 / Double(stepSize))
        var levels: [Int32] = [], sums = CentroidSums()
        let isSound = scale.forEachRow(first.values, second, rule, grid: grid) { row, sizes, largest in
            guard largest.isFinite else { return false }
            // Nearly always all of it lies below the step.
            guard quantizer.zone.level(largest * quantizer.scale) != 0 else { return true }
            if levels.isEmpty { levels = [Int32](repeating: 0, count: input.form.count) }
            let found = quantizer.levels(sizes)
            sums.add(sizes, scale: quantizer.scale, levels: found[...])
            levels.replaceSubrange(row * found.count..<(row + 1) * found.count, with: found)
            return true
        }
        guard isSound, !levels.isEmpty, !quantizer.overflows(levels) else { return }
        member.moments.first = .levels(rule, stepSize: stepSize, sums.centroids)
        member.moments.firstLevels = levels
    }

    /// The optimizer's own settings; where they are not known, half the change stands for the displacement.
    private func rule(
        _ first: MomentTensor, _ input: ParameterInput, second: [Float]?, member: EncodedParameter
    ) -> AdamUpdate? {
        switch input.firstMomentScale {
        case .adamUpdate(let known):
            return known
        case .unknown:
            let trial = AdamUpdate(factor: 1, epsilon: 1e-8)
            return scaled(trial, first, second, to: 0.5 * PowerTable.sixtyFourth(Int(member.header.level)))
        case .direction:
            // Only the direction counts, not the size: a step of q / 2 root mean squares.
            let delta = Double(member.header.stepSize) * PowerTable.two(Int(member.state.unit))
            let trial = AdamUpdate(factor: 1, epsilon: 0)
            return scaled(trial, first, nil, to: 2 * delta / settings.stepSize)
        }
    }

    /// The rule whose displacements have the given root mean square.
    private func scaled(_ trial: AdamUpdate?, _ first: MomentTensor, _ second: [Float]?, to size: Double)
        -> AdamUpdate?
    {
        guard let trial, size > 0 else { return nil }
        var sum = 0.0
        for (index, value) in first.values.enumerated() where value != 0 {
            let displacement = Double(value) / trial.gain(second?[index])
            sum += displacement * displacement
        }
        let mean = (sum / Double(max(1, first.values.count))).squareRoot()
        return AdamUpdate(factor: mean / size, epsilon: trial.epsilon)
    }
}

extension EncodedParameter {
    var form: MatrixForm { state.form }

    /// The keyframe's first moment; zeros where its header has none.
    func keyframeMoment(_ form: MatrixForm, _ exponents: RankOneExponents?) -> [Float] {
        guard let moment = header.moment else { return [Float](repeating: 0, count: form.count) }
        return MomentUnits(exponents, form).restored(momentLevels, moment)
    }
}
