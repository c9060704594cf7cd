import TensorCodecs
package import FileSystem

extension ChainDecoder {
    /// Restores all tensors of a unit.
    ///
    /// - Parameters:
    ///   - store: takes the restored tensors and their chains' states, for the next step.
    ///   - isPlaced: whether a tensor will stand in a file whose place the store is told of; it then takes no copy.
    /// - Throws: `.damaged` with file, offset and tensor where stored bytes or restored contents are not as recorded.
    package func decode(
        _ unit: DecodingUnit, of number: Int, onlyWeights: Bool = false, keeping store: ScratchStore? = nil,
        isPlaced: (TensorRecord) -> Bool = { _ in false }
    ) throws(VarveError) -> [RestoredTensor] {
        let step = try self.step(number)
        var before: ScratchStore?
        if case .step(let previous, _) = step.manifest.predecessor { before = self.store(for: previous) }
        let restored: [RestoredTensor] =
            switch unit {
            case .tensors(let indices): try decode(indices, of: step)
            case .pack(let pack): try decode(step.packs[pack], of: step)
            case .bundle(let bundle): try decodeBundle(bundle, of: step, onlyWeights: onlyWeights, keeping: store)
            }
        for tensor in restored {
            let record = step.manifest.tensors[tensor.index]
            guard tensor.bytes.count == record.byteCount, Hash128(tensor.bytes) == record.contentHash else {
                throw VarveError(
                    .damaged, "the restored \(record.role.name) is not what was compressed", file: step.manifestPath,
                    tensor: record.name)
            }
            try store?.keep(tensor, record, isPlaced: isPlaced(record), after: before)
        }
        return restored
    }

    /// The bytes of a tensor that is stored exactly.
    func decode(_ index: Int, of step: OpenStep) throws(VarveError) -> [UInt8] {
        guard case .packed(let pack, let place, _) = step.manifest.tensors[index].coding else {
            return try decode([index], of: step).first?.bytes ?? []
        }
        let key = RecentPacks.Key(step: step.manifest.number, pack: pack)
        if let known = recentPacks.tensors(key) { return known[place] }
        let tensors = try decode(step.packs[pack], of: step).map(\.bytes)
        guard tensors.indices.contains(place) else {
            throw step.undecodable(step.manifest.tensors[index].name, step.manifest.packs[pack], nil)
        }
        recentPacks.remember(tensors, key)
        return tensors[place]
    }

    /// Tensors that are stored exactly; those of one pack all together.
    private func decode(_ indices: [Int], of step: OpenStep) throws(VarveError) -> [RestoredTensor] {
        var restored: [RestoredTensor] = [], own: [Int] = []
        for index in indices {
            let record = step.manifest.tensors[index]
            guard case .sameAs(let origin) = record.coding else {
                own.append(index)
                continue
            }
            restored.append(RestoredTensor(index: index, bytes: try decode(record, sameAs: origin, of: step)))
        }
        guard !own.isEmpty else { return restored }
        let links = try decode(
            WantedTensors(own.map { step.manifest.tensors[$0].identity }), of: step,
            previous: try previousLinks(WantedTensors(of: withPacks(own, of: step), in: step), of: step))
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

    /// With all tensors of the packs that these lie in.
    private func withPacks(_ indices: [Int], of step: OpenStep) -> [Int] {
        var result = Set(indices), packs = Set<Int>()
        for index in indices {
            // A pack of ten thousand tensors is not gone through for each of them.
            guard case .packed(let pack, _, _) = step.manifest.tensors[index].coding, packs.insert(pack).inserted else {
                continue
            }
            result.formUnion(step.packs[pack])
        }
        return result.sorted()
    }

    /// A tensor that stands in an earlier step.
    private func decode(_ record: TensorRecord, sameAs origin: Int, of step: OpenStep) throws(VarveError) -> [UInt8] {
        // Its manifest has been read, which refuses what is no earlier step: no circle.
        let source = try self.step(origin, for: step)
        guard let found = source.tensor(record.identity) else { throw missing(record, in: origin, step) }
        switch source.manifest.tensors[found].coding {
        case .exact, .packed: return try decode(found, of: source)
        default: throw missing(record, in: origin, step)
        }
    }

    private func missing(_ record: TensorRecord, in origin: Int, _ step: OpenStep) -> VarveError {
        VarveError(
            .damaged, "step \(origin) does not hold the tensor", file: step.manifestPath, tensor: record.name)
    }

    private func decodeBundle(
        _ bundle: Int, of step: OpenStep, onlyWeights: Bool, keeping store: ScratchStore?
    ) throws(VarveError) -> [RestoredTensor] {
        if step.manifest.bundles[bundle].method == .transform {
            return try decodeTransform(bundle, of: step, onlyWeights: onlyWeights, keeping: store)
        }
        let members = step.members[bundle], tensors = step.manifest.tensors
        let previous = try previousLinks(WantedTensors(members.map { tensors[$0.weight].identity }), of: step)
        // Sizes first: what is unpacked is then no larger than what was restored before.
        for member in members { _ = try predecessorBytes(tensors[member.weight], of: step, previous: previous) }
        let residuals = try step.unpackWeights(bundle)
        let moments = onlyWeights ? nil : try step.unpackMoments(bundle, weights: residuals)
        var restored: [RestoredTensor] = []
        for (place, member) in members.enumerated() {
            let record = tensors[member.weight]
            let before = try predecessorBytes(record, of: step, previous: previous)
            let weight = try step.restoreWeight(record, residuals[place], previous: before)
            restored.append(RestoredTensor(index: member.weight, bytes: weight))
            restored += step.copies(of: member, weight: weight)
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
