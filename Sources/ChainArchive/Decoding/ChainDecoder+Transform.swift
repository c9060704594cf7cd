import TensorCodecs
package import FileSystem

extension ChainDecoder {
    /// Replays one step of a quantized group of method `transform`.
    /// - Parameter previous: restored weights of the step before, of all members that need one.
    func decodeChain(
        _ quantizedGroup: Int, of step: OpenStep, previous: [TensorIdentity: ChainLink]
    ) throws(VarveError) -> TransformDecoder.Chain {
        var members: [TransformDecoder.Member] = [], room = 0
        for member in step.members[quantizedGroup] {
            let record = step.manifest.tensors[member.weight]
            guard let format = record.dtype.floatFormat else {
                throw VarveError(
                    .damaged, "a change of a type that has none", file: step.manifestPath, tensor: record.name)
            }
            // Values and coefficients in Double, levels, bases.
            room = room.addingReportingOverflow(record.byteCount).partialValue
            try step.expectRoom(max(room, record.byteCount), times: 12, record.name)
            let form = MatrixForm(record.shape)
            var state: TransformState?
            if step.needsPredecessor(member.weight) {
                let link = previous[record.identity]
                if let known = link?.state, known.form == form, known.format == format {
                    state = known
                } else {
                    state = TransformState(
                        form: form, format: format,
                        exactly: try predecessorBytes(record, of: step, previous: previous),
                        initialDirections: try exactInitialDirections(of: record, before: step))
                }
            }
            members.append(TransformDecoder.Member(form: form, format: format, state: state))
        }
        let location = step.manifest.quantizedGroups[quantizedGroup].weights
        let stored = try step.read(location)
        do throws(CodecError) {
            let chain = try TransformDecoder.unpackChain(stored, members)
            for (member, state) in zip(step.members[quantizedGroup], chain.states) {
                guard state.exponents.count == (member.secondMoment == nil ? 0 : 1) + (member.maximum == nil ? 0 : 1)
                else { throw .corrupt("exponents of moments that are not there") }
            }
            for (member, kind) in zip(step.members[quantizedGroup], chain.headers.map(\.kind)) {
                guard (kind == .keyframe) != step.needsPredecessor(member.weight) else {
                    throw .corrupt("a keyframe where none should be, or the other way round")
                }
            }
            return chain
        } catch {
            throw step.undecodable(
                step.members[quantizedGroup].first.map { step.manifest.tensors[$0.weight].name }, location, error)
        }
    }

    /// The first moment that stands exactly in the step before opens the bases of a chain whose keyframe is exact.
    private func exactInitialDirections(of record: TensorRecord, before step: OpenStep) throws(VarveError) -> [Float] {
        guard let before = try predecessor(of: step) else { return [] }
        return try exactInitialDirections(record.name, count: record.count, of: before)
    }

    /// The first moment of a weight in a step over the root of its second, where they are stored exactly (the first
    /// alone where there is no second); empty otherwise, or where it holds something that is no number.
    package func exactInitialDirections(_ name: String, count: Int, of step: OpenStep) throws(VarveError) -> [Float] {
        guard var values = try exactMoment(.firstMoment, name, count: count, of: step) else { return [] }
        if let second = try exactMoment(.secondMoment, name, count: count, of: step) {
            for (index, value) in second.enumerated() {
                values[index] = value > 0 ? values[index] / value.squareRoot() : 0
            }
        }
        return values.allSatisfy(\.isFinite) ? values : []
    }

    private func exactMoment(
        _ role: Role, _ name: String, count: Int, of step: OpenStep
    ) throws(VarveError) -> [Float]? {
        guard let index = step.tensor(TensorIdentity(name: name, role: role, key: "")) else { return nil }
        let moment = step.manifest.tensors[index]
        guard moment.coding.isExact, moment.count == count, let format = moment.dtype.floatFormat else { return nil }
        return format.floats(try decodeTensor(index, of: step))
    }

    /// All tensors of a quantized group of method `transform`.
    func decodeTransform(
        _ quantizedGroup: Int, of step: OpenStep, onlyWeights: Bool, keeping store: ScratchStore?
    ) throws(VarveError) -> [RestoredTensor] {
        let members = step.members[quantizedGroup], tensors = step.manifest.tensors
        let needed = WantedTensors(of: members.map(\.weight), in: step)
        let chain = try decodeChain(quantizedGroup, of: step, previous: try previousLinks(needed, of: step))
        var restored: [RestoredTensor] = []
        do throws(CodecError) {
            for (member, state) in zip(members, chain.states) {
                let weight = try state.weight()
                restored.append(RestoredTensor(index: member.weight, bytes: weight, missing: state.missing))
                restored += step.copies(of: member, weight: weight)
            }
        } catch {
            throw step.undecodable(nil, step.manifest.quantizedGroups[quantizedGroup].weights, error)
        }
        if let store {
            for (member, state) in zip(members, chain.states) {
                try store.put(state, of: tensors[member.weight].name)
            }
        }
        guard !onlyWeights else { return restored }
        let location = step.manifest.quantizedGroups[quantizedGroup].moments
        let stored = try location.map { (location) throws(VarveError) in try step.read(location) }
        let moments: [TransformDecoder.Moments]
        do throws(CodecError) {
            moments = try TransformDecoder.unpackMoments(stored, chain)
        } catch {
            throw step.undecodable(members.first.map { tensors[$0.weight].name }, location, error)
        }
        for (member, values) in zip(members, moments) {
            for (index, values) in [
                (member.firstMoment, values.first), (member.secondMoment, values.second),
                (member.maximum, values.maximum),
            ] {
                guard let index, let values, let format = tensors[index].dtype.floatFormat else { continue }
                restored.append(RestoredTensor(index: index, bytes: format.bytes(values)))
            }
        }
        return restored
    }
}
