import TensorCodecs
package import FileSystem

extension ChainDecoder {
    /// Restores all tensors of a unit.
    ///
    /// - Parameters:
    ///   - store: takes the restored tensors and their chains' states, for the next step.
    ///   - isInFile: whether a tensor will stand in a restored file that the store is told of; it then takes no copy.
    /// - Throws: `.damaged` with file, offset and tensor where stored bytes or restored contents are not as recorded.
    package func decodeUnit(
        _ unit: DecodingUnit, of number: Int, onlyWeights: Bool = false, keeping store: ScratchStore? = nil,
        isInFile: (TensorRecord) -> Bool = { _ in false }
    ) throws(VarveError) -> [RestoredTensor] {
        let step = try self.step(number)
        var before: ScratchStore?
        if case .step(let previous, _) = step.manifest.predecessor { before = self.store(for: previous) }
        let restored: [RestoredTensor] =
            switch unit {
            case .tensors(let indices): try decodeTensors(indices, of: step)
            case .losslessGroup(let losslessGroup): try decodeTensors(step.losslessGroups[losslessGroup], of: step)
            case .quantizedGroup(let quantizedGroup):
                try decodeQuantizedGroup(quantizedGroup, of: step, onlyWeights: onlyWeights, keeping: store)
            }
        for tensor in restored {
            let record = step.manifest.tensors[tensor.index]
            guard tensor.bytes.count == record.byteCount, Hash128(tensor.bytes) == record.contentHash else {
                throw VarveError(
                    .damaged, "the restored \(record.role.name) is not what was compressed", file: step.manifestPath,
                    tensor: record.name)
            }
            try store?.keep(tensor, record, isInFile: isInFile(record), after: before)
        }
        return restored
    }

    /// The bytes of a tensor that is stored exactly.
    func decodeTensor(_ index: Int, of step: OpenStep) throws(VarveError) -> [UInt8] {
        guard case .packed(let losslessGroup, let position, _) = step.manifest.tensors[index].coding else {
            return try decodeTensors([index], of: step).first?.bytes ?? []
        }
        let key = RecentLosslessGroups.Key(step: step.manifest.number, losslessGroup: losslessGroup)
        if let known = cache.recentLosslessGroups.tensors(key) { return known[position] }
        let tensors = try decodeTensors(step.losslessGroups[losslessGroup], of: step).map(\.bytes)
        guard tensors.indices.contains(position) else {
            throw step.undecodable(step.manifest.tensors[index].name, step.manifest.losslessGroups[losslessGroup], nil)
        }
        cache.recentLosslessGroups.keep(tensors, key)
        return tensors[position]
    }

    /// Tensors that are stored exactly; those of one lossless group all together.
    private func decodeTensors(_ indices: [Int], of step: OpenStep) throws(VarveError) -> [RestoredTensor] {
        var restored: [RestoredTensor] = [], own: [Int] = []
        for index in indices {
            let record = step.manifest.tensors[index]
            guard case .sameAs(let origin) = record.coding else {
                own.append(index)
                continue
            }
            restored.append(RestoredTensor(index: index, bytes: try decodeUnchanged(record, sameAs: origin, of: step)))
        }
        guard !own.isEmpty else { return restored }
        let links = try decodeLinks(
            WantedTensors(own.map { step.manifest.tensors[$0].identity }), of: step,
            previous: try previousLinks(WantedTensors(of: withLosslessGroups(own, of: step), in: step), of: step))
        for index in own {
            let record = step.manifest.tensors[index]
            guard let link = links[record.identity] else { continue }
            do throws(CodecError) {
                restored.append(RestoredTensor(index: index, bytes: try link.bytes(), earlier: link.earlier))
            } catch {
                throw step.undecodable(record.name, nil, error)
            }
        }
        return restored
    }

    /// With all tensors of the lossless groups that these lie in.
    private func withLosslessGroups(_ indices: [Int], of step: OpenStep) -> [Int] {
        var result = Set(indices), losslessGroups = Set<Int>()
        for index in indices {
            // A lossless group of ten thousand tensors is not gone through for each of them.
            guard case .packed(let losslessGroup, _, _) = step.manifest.tensors[index].coding,
                losslessGroups.insert(losslessGroup).inserted
            else {
                continue
            }
            result.formUnion(step.losslessGroups[losslessGroup])
        }
        return result.sorted()
    }

    /// A tensor that stands in an earlier step.
    private func decodeUnchanged(_ record: TensorRecord, sameAs origin: Int, of step: OpenStep) throws(VarveError)
        -> [UInt8]
    {
        // Its manifest has been read, which refuses what is no earlier step: no circle.
        let source = try self.step(origin, for: step)
        guard let found = source.tensor(record.identity) else { throw missing(record, in: origin, step) }
        guard case .packed = source.manifest.tensors[found].coding else { throw missing(record, in: origin, step) }
        return try decodeTensor(found, of: source)
    }

    private func missing(_ record: TensorRecord, in origin: Int, _ step: OpenStep) -> VarveError {
        VarveError(
            .damaged, "step \(origin) does not hold the tensor", file: step.manifestPath, tensor: record.name)
    }

    private func decodeQuantizedGroup(
        _ quantizedGroup: Int, of step: OpenStep, onlyWeights: Bool, keeping store: ScratchStore?
    ) throws(VarveError) -> [RestoredTensor] {
        if step.manifest.quantizedGroups[quantizedGroup].method == .transform {
            return try decodeTransform(quantizedGroup, of: step, onlyWeights: onlyWeights, keeping: store)
        }
        let members = step.members[quantizedGroup], tensors = step.manifest.tensors
        let previous = try previousLinks(WantedTensors(members.map { tensors[$0.weight].identity }), of: step)
        // Sizes first: what is unpacked is then no larger than what was restored before.
        for member in members { _ = try predecessorBytes(tensors[member.weight], of: step, previous: previous) }
        let residuals = try step.unpackWeights(quantizedGroup)
        let moments = onlyWeights ? nil : try step.unpackMoments(quantizedGroup, weights: residuals)
        var restored: [RestoredTensor] = []
        for (position, member) in members.enumerated() {
            let record = tensors[member.weight]
            let before = try predecessorBytes(record, of: step, previous: previous)
            let weight = try step.restoreWeight(record, residuals[position], previous: before)
            restored.append(RestoredTensor(index: member.weight, bytes: weight))
            restored += step.copies(of: member, weight: weight)
            guard let moments else { continue }
            for (index, quantized) in [
                (member.firstMoment, moments[position].first), (member.secondMoment, moments[position].second),
            ] {
                guard let index else { continue }
                guard let quantized, let format = tensors[index].dtype.floatFormat else {
                    throw VarveError(
                        .damaged, "the quantized group holds no such moment", file: step.manifestPath,
                        tensor: record.name)
                }
                restored.append(RestoredTensor(index: index, bytes: quantized.bytes(format)))
            }
        }
        return restored
    }
}

extension OpenStep {
    /// The quantized moments of a quantized group's members.
    func unpackMoments(
        _ quantizedGroup: Int, weights: [ExcpRole]
    ) throws(VarveError) -> [ExcpPacking.Moments]? {
        guard let location = manifest.quantizedGroups[quantizedGroup].moments else { return nil }
        let stored = try read(location)
        do throws(CodecError) {
            return try ExcpPacking.unpackMoments(
                stored, weights: weights,
                roles: members[quantizedGroup].map {
                    ExcpPacking.MomentRoles(first: $0.firstMoment != nil, second: $0.secondMoment != nil)
                })
        } catch {
            throw undecodable(members[quantizedGroup].first.map { manifest.tensors[$0.weight].name }, location, error)
        }
    }

    /// The copies of a restored weight.
    func copies(of member: StepManifest.Member, weight: [UInt8]) -> [RestoredTensor] {
        guard let source = manifest.tensors[member.weight].dtype.floatFormat else { return [] }
        return member.copies.compactMap { index in
            manifest.tensors[index].dtype.floatFormat.map {
                RestoredTensor(index: index, bytes: $0.rounding(weight, of: source))
            }
        }
    }
}
