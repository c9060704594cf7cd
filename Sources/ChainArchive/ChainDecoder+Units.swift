import TensorCodecs
package import TensorFiles

extension ChainDecoder {
    /// Restores all tensors of a unit.
    ///
    /// - Parameter store: takes the restored weights and their chains' states, for the next step.
    /// - Throws: `.damaged` with file, offset and tensor where stored bytes or restored contents are not as recorded.
    package func decode(
        _ unit: DecodingUnit, of number: Int, onlyWeights: Bool = false, keeping store: ScratchStore? = nil
    ) throws(VarveError) -> [RestoredTensor] {
        let step = try self.step(number)
        var restored: [RestoredTensor]
        switch unit {
        case .tensor(let index):
            restored = [RestoredTensor(index: index, bytes: try decode(index, of: step))]
        case .bundle(let bundle):
            restored = try decodeBundle(bundle, of: step, onlyWeights: onlyWeights, keeping: store)
        }
        for tensor in restored {
            let record = step.manifest.tensors[tensor.index]
            guard tensor.bytes.count == record.byteCount, Hash128(tensor.bytes) == record.contentHash else {
                throw VarveError(
                    .damaged, "the restored \(record.role.name) is not what was compressed", file: step.manifestPath,
                    tensor: record.name)
            }
            if record.role == .weight, record.key.isEmpty { try store?.put(.weight(record.name), tensor.bytes) }
        }
        return restored
    }

    func decode(_ index: Int, of step: OpenStep) throws(VarveError) -> [UInt8] {
        let record = step.manifest.tensors[index]
        if case .sameAs(let origin) = record.coding {
            let source = try self.step(origin, for: step)
            guard let found = source.tensor(record.identity), case .exact = source.manifest.tensors[found].coding else {
                throw VarveError(
                    .damaged, "step \(origin) does not hold the tensor", file: step.manifestPath, tensor: record.name)
            }
            return try source.decodeExact(source.manifest.tensors[found], previous: nil)
        }
        let previous = step.needsPredecessor(index) ? try previousLinks([record.name], of: step) : [:]
        return try step.decodeExact(
            record,
            previous: step.needsPredecessor(index) ? predecessorBytes(record, of: step, previous: previous) : nil)
    }

    /// Restored weights of the step before `step`, of those that it takes from there.
    func previousLinks(_ names: [String], of step: OpenStep) throws(VarveError) -> [String: ChainLink] {
        guard let previous = try predecessor(of: step) else { return [:] }
        return try links(names, at: previous.manifest.number)
    }

    private func decodeBundle(
        _ bundle: Int, of step: OpenStep, onlyWeights: Bool, keeping store: ScratchStore?
    ) throws(VarveError) -> [RestoredTensor] {
        if step.manifest.bundles[bundle].method == .transform {
            return try decodeTransform(bundle, of: step, onlyWeights: onlyWeights, keeping: store)
        }
        let members = step.members[bundle], tensors = step.manifest.tensors
        let previous = try previousLinks(members.map { tensors[$0.weight].name }, of: step)
        // Sizes first: what is unpacked is then no larger than what was restored before.
        for member in members { _ = try predecessorBytes(tensors[member.weight], of: step, previous: previous) }
        let residuals = try step.unpackWeights(bundle)
        let moments = onlyWeights ? nil : try step.unpackMoments(bundle, weights: residuals)
        var restored: [RestoredTensor] = []
        for (place, member) in members.enumerated() {
            let record = tensors[member.weight]
            let before = try predecessorBytes(record, of: step, previous: previous)
            restored.append(
                RestoredTensor(
                    index: member.weight, bytes: try step.restoreWeight(record, residuals[place], previous: before)))
            guard let moments else { continue }
            for (index, quantized) in [
                (member.firstMoment, moments[place].first), (member.secondMoment, moments[place].second),
            ] {
                guard let index else { continue }
                guard let quantized, let format = tensors[index].dtype.floatFormat else {
                    throw VarveError(
                        .damaged, "the bundle holds no such moment", file: step.manifestPath, tensor: record.name)
                }
                restored.append(RestoredTensor(index: index, bytes: quantized.bytes(format)))
            }
        }
        return restored
    }
}

extension OpenStep {
    /// The quantized moments of a bundle's members.
    func unpackMoments(
        _ bundle: Int, weights: [ExcpRole]
    ) throws(VarveError) -> [ExcpPacking.Moments]? {
        guard let reference = manifest.bundles[bundle].moments else { return nil }
        let stored = try read(reference)
        do throws(CodecError) {
            return try ExcpPacking.unpackMoments(
                stored, weights: weights,
                roles: members[bundle].map {
                    ExcpPacking.MomentRoles(first: $0.firstMoment != nil, second: $0.secondMoment != nil)
                })
        } catch {
            throw undecodable(members[bundle].first.map { manifest.tensors[$0.weight].name }, reference, error)
        }
    }
}
