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
        let (chain, moments) = try pack(members.map(\.member))
        result.quantizedGroup = (
            settings: .transform(.all),
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
            if settings.beginsGroup(age: state.age, form: state.form) { state.rebase(to: member.weight) }
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
            guard let tensor, let format = tensor.dtype.floatFormat else { continue }
            input[keyPath: role] = MomentTensor(bytes: try tensor.read(), format: format)
        }
        let moments = [input.first, input.second, input.maximum].compactMap { $0 }
        guard moments.allSatisfy({ $0.isUsable }), (input.second?.isNonNegative ?? true),
            input.maximum?.isNonNegative ?? true
        else {
            result.notes.append(
                "\(name): NaN, infinity or values out of range in the moments; stored exactly")
            for (tensor, moment) in [
                (parameter.firstMoment, input.first), (parameter.secondMoment, input.second),
                (parameter.maximum, input.maximum),
            ] {
                if let tensor, let moment { try encodeTensorExactly(tensor, bytes: moment.bytes, into: &result) }
            }
            guard input.previous != nil else {
                try encodeTensorExactly(weight, bytes: bytes, into: &result)
                try encodeCopiesExactly(of: parameter, into: &result)
                return nil
            }
            (parameter.firstMoment, parameter.secondMoment, parameter.maximum) = (nil, nil, nil)
            (input.first, input.second, input.maximum) = (nil, nil, nil)
            return Source(parameter: parameter, format: format, input: input)
        }
        input.firstMomentScale = parameter.firstMomentScale
        input.expectedChange = parameter.expectedChange?.rootMeanSquare(first: input.first, second: input.second)
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
                    storedBytes: share.weight)))
        for (planned, moment, restored, stored) in [
            (parameter.firstMoment, input.first, member.first, share.first),
            (parameter.secondMoment, input.second, member.second, share.second),
            (parameter.maximum, input.maximum, member.maximum, share.maximum),
        ] {
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
        for (tensor, moment) in [
            (parameter.firstMoment, source.input.first), (parameter.secondMoment, source.input.second),
            (parameter.maximum, source.input.maximum),
        ] {
            if let tensor, let moment { try encodeTensorExactly(tensor, bytes: moment.bytes, into: &result) }
        }
        try encodeCopiesExactly(of: parameter, into: &result)
    }
}
