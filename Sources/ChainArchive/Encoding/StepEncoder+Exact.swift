import TensorCodecs
package import FileSystem

/// Tensors that are stored exactly: all of them under method `lossless`, under the others what they leave alone.
extension StepEncoder {
    /// Stores a tensor exactly: as `unchanged` where it has not changed, else in one of the unit's lossless groups.
    package func encodeTensorExactly(_ tensor: PlannedTensor, bytes: [UInt8], into result: inout EncodedUnit)
        throws(VarveError)
    {
        guard !tensor.isDropped else { return result.dropped.append(tensor) }
        result.sourceBytes += bytes.count
        let identity = tensor.identity, hash = Hash128(bytes)
        let before = try previousBytes(of: tensor, byteCount: bytes.count)
        var statistics = TensorStatistics()
        if identity.isWeight, let before {
            statistics.referenceEnergy = try changeEnergy(tensor, bytes: bytes, restoredBefore: before)
        }
        if before == bytes, method.isLossless || identity.isWeight {
            keep(tensor, hash: hash)
            if method.isLossless, identity.role == .weight {
                store?.put(.earlier(identity), sameAs: .tensor(identity))
            }
            result.tensors.append(
                tensor.record(.unchanged, hash: hash, statistics: statistics))
        } else if !identity.isWeight, let origin = try sameContent(tensor, hash: hash) {
            result.tensors.append(
                tensor.record(.sameAs(step: origin), hash: hash, statistics: statistics))
        } else {
            var exact = ExactTensor(planned: tensor, bytes: bytes, hash: hash, statistics: statistics)
            if let before, predecessor?.hasForm(of: tensor) == true {
                exact.previous = before
                exact.chainLength = chainLengths[identity] ?? 0
                if method.isLossless, identity.role == .weight {
                    let earlier = try predecessor?.store?.get(.earlier(identity))
                    exact.earlier = earlier?.count == bytes.count ? earlier : nil
                }
            }
            result.exact.append(exact)
        }
    }

    /// Packs the tensors that wait for it, weights apart from all others.
    package func packExact(_ result: inout EncodedUnit) throws(VarveError) {
        for isWeight in [true, false] {
            let tensors = result.exact.filter { ($0.planned.identity.role == .weight) == isWeight }
            guard !tensors.isEmpty else { continue }
            try pack(LosslessGroupOrder.groups(tensors, \.planned.identity).flatMap { $0 }, into: &result)
        }
        result.exact = []
    }

    private func pack(_ tensors: [ExactTensor], into result: inout EncodedUnit) throws(VarveError) {
        var seconds: [String: Int] = [:], weights: [String: Int] = [:]
        var coded: [LosslessTensor] = []
        for (position, tensor) in tensors.enumerated() {
            let identity = tensor.planned.identity
            var companion: Int?
            if identity.role == .secondMoment { seconds[identity.name] = position }
            if identity.isWeight {
                weights[identity.name] = position
            } else if identity.role == .weight {
                companion = weights[identity.name]
            }
            if identity.role == .firstMoment, let second = seconds[identity.name],
                tensors[second].planned.shape == tensor.planned.shape
            {
                companion = second
            }
            coded.append(tensor.coded(companion: companion))
        }
        let packed: LosslessGroup.Packed
        do throws(CodecError) {
            packed = try LosslessGroup.encode(coded)
        } catch {
            throw VarveError(
                .inputOutput, "compressing failed", tensor: tensors.first?.planned.identity.name, cause: error)
        }
        result.losslessGroups.append(result.add(packed.bytes))
        for (position, var tensor) in tensors.enumerated() {
            let depth = packed.depths[position]
            tensor.statistics.storedBytes = packed.shares[position]
            try keep(tensor, depth: depth)
            result.tensors.append(
                tensor.planned.record(
                    .packed(losslessGroup: result.losslessGroups.count - 1, index: position, depth: depth),
                    hash: tensor.hash, statistics: tensor.statistics))
        }
    }

    /// Keeps for the next step what it may build on.
    private func keep(_ tensor: ExactTensor, depth: Int) throws(VarveError) {
        let identity = tensor.planned.identity
        keep(tensor.planned, hash: tensor.hash)
        guard let store, method.isLossless, identity.role == .weight, depth > 0, let previous = tensor.previous
        else { return }
        if let before = predecessor?.store, store.put(.earlier(identity), sameAs: .tensor(identity), in: before) {
            return
        }
        try store.put(.earlier(identity), previous)
    }

    private func keep(_ tensor: PlannedTensor, hash: Hash128) {
        guard let store,
            tensor.identity.isWeight || store.contents.hasExact(tensor.identity.role, pairing: tensor.pairing)
        else { return }
        store.put(.tensor(tensor.identity), original: tensor.source, tensor.range, hash: hash)
    }

    /// What a decoder has of the tensor before this step, as far as the method builds on it: of weights always, of all
    /// else what stands exactly in the step before, moments of a parameter under `lossless` only.
    private func previousBytes(of tensor: PlannedTensor, byteCount: Int) throws(VarveError) -> [UInt8]? {
        let identity = tensor.identity
        if identity.isWeight { return try predecessor?.weight(identity.name, byteCount: byteCount) }
        guard method.keptContents.hasExact(identity.role, pairing: tensor.pairing), let step = predecessor?.step,
            let index = step.tensor(identity)
        else { return nil }
        switch step.manifest.tensors[index].coding {
        case .unchanged, .packed:
            let bytes = try predecessor?.store?.get(.tensor(identity))
            return bytes?.count == byteCount ? bytes : nil
        // A replay would branch at what refers to yet another step.
        case .sameAs, .excp, .transform, .copy, .state: return nil
        }
    }

    /// The step that stores the same bytes, if the predecessor's tensor of that identity equals this one.
    private func sameContent(_ tensor: PlannedTensor, hash: Hash128) throws(VarveError) -> Int? {
        guard var step = predecessor?.step, let index = step.tensor(tensor.identity) else { return nil }
        var record = step.manifest.tensors[index]
        guard record.contentHash == hash, record.dtype == tensor.dtype, record.shape == tensor.shape else { return nil }
        // A version that was replaced has no number that a new step could name it by.
        func named(_ origin: Int) -> Int? { StepVersion.isReplaced(origin) ? nil : origin }
        while true {
            switch record.coding {
            case .packed: return named(step.manifest.number)
            case .sameAs(let origin): return named(origin)
            case .unchanged:
                guard let before = try decoder?.predecessor(of: step), let index = before.tensor(tensor.identity)
                else { return nil }
                (step, record) = (before, before.manifest.tensors[index])
            case .excp, .transform, .copy, .state: return nil
            }
        }
    }

    /// The squared change of a weight since the step before: of the originals where both are there, else the residual's
    /// less the predecessor's recorded error (at least a twentieth of the former).
    package func changeEnergy(_ tensor: PlannedTensor, bytes: [UInt8], restoredBefore: [UInt8]) throws(VarveError)
        -> Double
    {
        bytes.withUnsafeBytes { bytes in
            restoredBefore.withUnsafeBytes { changeEnergy(tensor, bytes: bytes, restoredBefore: $0) }
        }
    }

    package func changeEnergy(
        _ tensor: PlannedTensor, bytes: UnsafeRawBufferPointer, restoredBefore: UnsafeRawBufferPointer
    ) -> Double {
        guard let format = tensor.dtype.floatFormat else { return 0 }
        let index = predecessor?.step?.weight(tensor.identity.name)
        let record = index.flatMap { predecessor?.step?.manifest.tensors[$0] }
        // What is exact is the original.
        if record?.isOriginal != true, let change = trueChange(tensor, bytes: bytes) { return change }
        let residual = ResidualCodec.error(bytes, restoredBefore, format: format).squared
        guard let record else { return residual }
        return max(residual / 20, residual - record.statistics.squaredError)
    }

    /// The squared change of a weight since the original of the step before; `nil` if that is gone.
    package func trueChange(_ tensor: PlannedTensor, bytes: UnsafeRawBufferPointer) -> Double? {
        guard let format = tensor.dtype.floatFormat else { return nil }
        return predecessor?.originals?.squaredChange(tensor.identity.name, to: bytes, format: format)
    }

    package func trueChange(_ tensor: PlannedTensor, bytes: [UInt8]) -> Double? {
        bytes.withUnsafeBytes { trueChange(tensor, bytes: $0) }
    }
}
