package import TensorCodecs
package import FileSystem

extension StepEncoder {
    /// A parameter with what was read of it.
    private struct Source {
        var parameter: PlannedParameter
        var format: FloatFormat
        var input: ParameterInput
    }

    /// Quantizes the parameters of a quantized group by method `transform`, packs them together, and keeps what a
    /// decoder will have of them for the next step.
    ///
    /// Parameters that hold NaN or infinity, or values beyond the method's range, leave the quantized group and are
    /// stored exactly in this step, moments included; so do those that begin a chain without moments.
    package func encodeTransform(
        _ parameters: [PlannedParameter], with settings: TransformSettings, into result: inout EncodedUnit
    ) throws(VarveError) {
        let encoder = TransformEncoder(settings: settings)
        var members: [(source: Source, member: EncodedParameter)] = []
        for parameter in parameters {
            guard let source = try source(parameter, settings, into: &result) else { continue }
            let member: EncodedParameter?
            do throws(CodecError) {
                member = try encoder.encode(source.input)
            } catch {
                throw VarveError(
                    .inputOutput, "transforming failed", tensor: parameter.weight.identity.name, cause: error)
            }
            guard let member else {
                result.notes.append(
                    "\(parameter.weight.identity.name): values that cannot be quantized; stored exactly")
                try encodeSourceExactly(source, into: &result)
                continue
            }
            members.append((source, member))
        }
        guard !members.isEmpty else { return }
        result.dropsMoments = members.contains { $0.source.parameter.tensors.contains(where: \.isDropped) }
        var (chain, moments) = try pack(members.map(\.member))
        if result.dropsMoments { moments = nil }
        result.quantizedGroup = (
            settings: .transform,
            weights: result.add(chain.bytes), moments: moments.map { result.add($0.bytes) }
        )
        for (position, (source, member)) in members.enumerated() {
            var share = chain.shares[position]
            if let more = moments?.shares[position] {
                share.first += more.first
                share.second += more.second
            }
            try record(source, member, position: position, share, into: &result)
            guard let store else { continue }
            var state = member.state
            if !store.isForSaving, settings.beginsGroup(age: state.age, form: state.form) {
                state.rebase(to: member.weight)
            }
            try store.put(state, of: source.parameter.weight.identity.name)
            try store.keep(member.weight, of: source.parameter.weight.identity, earlier: nil)
        }
    }

    private func pack(
        _ members: [EncodedParameter]
    ) throws(VarveError) -> (chain: TransformPacking.Packed, moments: TransformPacking.Packed?) {
        do throws(CodecError) {
            return (try TransformPacking.packChain(members), try TransformPacking.packMoments(members))
        } catch {
            throw VarveError(.inputOutput, "packing failed", cause: error)
        }
    }

    /// Reads a parameter; `nil` where it was stored exactly instead.
    private func source(
        _ parameter: PlannedParameter, _ settings: TransformSettings, into result: inout EncodedUnit
    ) throws(VarveError) -> Source? {
        let weight = parameter.weight, name = weight.identity.name
        let bytes = try weight.read()
        guard let format = weight.dtype.floatFormat else {
            try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        guard !format.hasNonFinite(bytes) else {
            result.notes.append("\(name): NaN or infinity in the weight; stored exactly")
            try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        guard try isTrained(parameter, bytes) else {
            try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        guard try !wouldOpen(onForgottenMomentOf: weight) else {
            try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        var input = ParameterInput(form: MatrixForm(weight.shape), format: format, weight: bytes)
        if predecessor?.hasForm(of: weight) == true { try addPredecessor(of: parameter, to: &input) }
        if let before = input.previous {
            // Nothing moved, nothing is lost: a buffer, a frozen weight.
            if input.state == nil, before == bytes {
                try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
                return nil
            }
            // Where a few elements are trained, exact bytes are shorter than a transformed change, and behind them the next
            // change is not transformed.
            if input.state != nil, !parameter.hasMoments,
                ProofOfTraining.isScattered(bytes, since: before, format: format, form: input.form)
            {
                try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
                return nil
            }
        } else if settings.exactKeyframes || !parameter.hasMoments {
            // Without moments nothing proves that it is trained: it may be a table or a buffer.
            try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        var parameter = parameter
        for (role, tensor) in [
            (\ParameterInput.first, parameter.firstMoment), (\.second, parameter.secondMoment),
            (\.maximum, parameter.maximum),
        ] {
            guard let tensor, !tensor.isDropped, let format = tensor.dtype.floatFormat else { continue }
            input[keyPath: role] = MomentTensor(bytes: try tensor.read(), format: format)
        }
        try addArchived(of: parameter, settings, to: &input)
        let moments = [input.first, input.second, input.maximum].compactMap { $0 }
        guard moments.allSatisfy({ $0.isUsable }), (input.second?.isNonNegative ?? true),
            input.maximum?.isNonNegative ?? true
        else {
            result.notes.append(
                "\(name): NaN, infinity or values out of range in the moments; stored exactly")
            try encodeMomentsExactly(of: parameter, input, into: &result)
            guard input.previous != nil else {
                try encodeTensorExactly(weight, bytes: bytes, into: &result)
                try encodeCopiesExactly(of: parameter, into: &result)
                return nil
            }
            (parameter.firstMoment, parameter.secondMoment, parameter.maximum) = (nil, nil, nil)
            (input.first, input.second, input.maximum) = (nil, nil, nil)
            input.exponents = []
            return Source(parameter: parameter, format: format, input: input)
        }
        input.firstMomentScale = parameter.firstMomentScale
        input.expectedChange =
            input.expectedChange
            ?? parameter.expectedChange?.rootMeanSquare(first: input.first, second: input.second)
        if input.previous == nil, input.expectedChange == nil {
            // Nothing tells how fine it must be for the changes to come.
            try encodeSourceExactly(Source(parameter: parameter, format: format, input: input), into: &result)
            return nil
        }
        return Source(parameter: parameter, format: format, input: input)
    }

    /// What a decoder has of the weight and its chain after the step before; nothing where that holds NaN or infinity.
    private func addPredecessor(of parameter: PlannedParameter, to input: inout ParameterInput) throws(VarveError) {
        guard let predecessor else { return }
        let weight = parameter.weight, name = weight.identity.name
        let state = try predecessor.store?.state(of: name, form: input.form, format: input.format)
        let before =
            if let weight = state?.weightAtBase { weight } else {
                try predecessor.weight(name, byteCount: input.weight.count)
            }
        guard let before, !input.format.hasNonFinite(before) else { return }
        input.previous = before
        input.state = state
        if let step = predecessor.step, let index = step.weight(name) {
            let recorded = step.manifest.tensors[index].statistics.squaredError
            // Figures that small are rounded up by many times, and would say that nothing moves.
            input.previousError = recorded < Double(Float.leastNormalMagnitude) ? 0 : recorded
            if state == nil, let decoder {
                input.initialDirections = try decoder.exactInitialDirections(
                    name, count: weight.shape.reduce(1, *), of: step)
            }
        }
        input.quantizerScale = parameter.quantizerScale
    }

    /// What the archive knows of a parameter that is taken again from what it restores: how far that is from the original, how
    /// fast it moves, and the exponents of which the second moment was made.
    private func addArchived(
        of parameter: PlannedParameter, _ settings: TransformSettings, to input: inout ParameterInput
    ) throws(VarveError) {
        guard let archived = parameter.archived, let record = parameter.weight.archived else { return }
        let state = try archived.state(of: parameter.weight.identity.name, form: input.form, format: input.format)
        if !record.isOriginal {
            input.lacking = if let missing = state?.missing { .sketch(missing) } else { .unknown }
            input.archivedError = record.statistics.squaredError
        }
        input.recordedChange = parameter.recordedChange
        input.expectedChange = state?.expectedChange
        if input.expectedChange == nil, input.archivedError > 0, case .transform(_, _, opens: true) = record.coding {
            // It was a keyframe of its own: its error tells the step that was fine enough then.
            let meanSquare = input.archivedError / Double(max(1, input.form.count))
            input.expectedChange = (12 * meanSquare).squareRoot() / settings.keyframeChanges
        }
        let moments = [parameter.secondMoment, parameter.maximum].compactMap { $0 }
        guard let state, !moments.isEmpty, state.exponents.count == moments.count else { return }
        input.exponents = state.exponents
        // Of pruned moments the exponents are left: the weight's scale follows from them.
        for (path, tensor, exponents) in [
            (\ParameterInput.second, parameter.secondMoment, state.exponents.first),
            (\.maximum, parameter.maximum, state.exponents.last),
        ] {
            guard let tensor, tensor.isDropped, let exponents, let format = tensor.dtype.floatFormat else { continue }
            input[keyPath: path] = MomentTensor(bytes: format.bytes(exponents.values), format: format)
        }
    }

    /// Records of a member's tensors.
    private func record(
        _ source: Source, _ member: EncodedParameter, position: Int, _ share: TransformPacking.Share,
        into result: inout EncodedUnit
    ) throws(VarveError) {
        let parameter = source.parameter, weight = parameter.weight, input = source.input
        let coding = TensorRecord.Coding.transform(
            quantizedGroup: 0, index: position, opens: member.header.kind == .keyframe)
        let error = ResidualCodec.error(input.weight, member.weight, format: source.format)
        let energy: Double
        if let change = member.change {
            energy = trueChange(weight, bytes: input.weight) ?? change.meanSquare * Double(input.form.count)
        } else {
            energy = ResidualCodec.energy(input.weight, format: source.format)
        }
        result.sourceBytes += input.weight.count
        try encodeCopies(
            of: parameter, original: input.weight, restored: member.weight, position: position, into: &result)
        result.tensors.append(
            weight.record(
                coding, hash: Hash128(member.weight),
                statistics: TensorStatistics(
                    squaredError: error.squared, largestError: error.maximum, referenceEnergy: energy,
                    prunedCount: member.zeroLevels, changeSinceStart: member.changeSinceStart,
                    storedBytes: share.weight), overlap: member.overlap))
        for (planned, moment, restored, stored) in [
            (parameter.firstMoment, input.first, member.first, share.first),
            (parameter.secondMoment, input.second, member.second, share.second),
            (parameter.maximum, input.maximum, member.maximum, share.maximum),
        ] {
            if let dropped = planned?.recordOfDropped(coding) {
                result.tensors.append(dropped)
                continue
            }
            guard let planned, let moment, let restored else { continue }
            result.sourceBytes += moment.bytes.count
            let error = ResidualCodec.error(moment.bytes, restored, format: moment.format)
            result.tensors.append(
                planned.record(
                    coding, hash: Hash128(restored),
                    statistics: TensorStatistics(
                        squaredError: error.squared, largestError: error.maximum,
                        referenceEnergy: ResidualCodec.energy(moment.bytes, format: moment.format),
                        prunedCount: moment.format.zeroCount(restored), storedBytes: stored)))
        }
    }

    private func encodeSourceExactly(_ source: Source, into result: inout EncodedUnit) throws(VarveError) {
        let parameter = source.parameter
        try encodeTensorExactly(parameter.weight, bytes: source.input.weight, into: &result)
        try encodeMomentsExactly(of: parameter, source.input, into: &result)
        try encodeCopiesExactly(of: parameter, into: &result)
    }

    private func encodeMomentsExactly(
        of parameter: PlannedParameter, _ input: ParameterInput, into result: inout EncodedUnit
    ) throws(VarveError) {
        for (tensor, moment) in [
            (parameter.firstMoment, input.first), (parameter.secondMoment, input.second),
            (parameter.maximum, input.maximum),
        ] {
            guard let tensor, tensor.isDropped || moment != nil else { continue }
            try encodeTensorExactly(tensor, bytes: moment?.bytes ?? [], into: &result)
        }
    }

    /// Whether a change of the weight would open its bases with an exact moment of the step before that was forgotten.
    private func wouldOpen(onForgottenMomentOf weight: PlannedTensor) throws(VarveError) -> Bool {
        guard hidesMoments, let decoder, let step = predecessor?.step else { return false }
        let before = try decoder.step(step.manifest.number), name = weight.identity.name
        if let index = before.weight(name), case .transform = before.manifest.tensors[index].coding { return false }
        guard let moment = before.tensor(TensorIdentity(name: name, role: .firstMoment, key: "")) else { return false }
        return before.manifest.tensors[moment].coding.isExact
    }
}
