import ChainArchive
import TensorCodecs
import TensorFiles

/// Encodes the units of one step. Units are independent of each other, so several threads may work on them.
struct StepEncoder: Sendable {
    /// Of the step.
    let number: Int
    let method: StepMethod
    /// What the step builds on; `nil` for a keyframe.
    let predecessor: Predecessor?
    /// Where restored weights and payload go, for the next step.
    let store: ScratchStore
    /// Decodes what the step before stored exactly.
    var decoder: ChainDecoder?
    /// Payload that earlier steps store.
    var index = PayloadIndex()

    /// The step before, as a decoder will have it.
    struct Predecessor: Sendable {
        /// `nil` where the step builds on a base.
        var step: OpenStep?
        /// Restored weights and payload of `step`.
        var store: ScratchStore?
        var base: (any BaseWeights)?
        /// The original weights of the step before, for measuring the true change, while they are still on disk.
        var originals: OriginalWeights?
        /// Of every weight: its mean second moment against the model's to the power -1/4.
        var stepFactors: [String: Double] = [:]

        func weight(_ name: String, byteCount: Int) throws(VarveError) -> [UInt8]? {
            var bytes = try store?.get(.weight(name))
            if bytes == nil { bytes = try base?.weight(name) }
            return bytes?.count == byteCount ? bytes : nil
        }

        /// Whether the weight had the same type and shape, so that a difference of values means something.
        func hasForm(of tensor: PlannedTensor) -> Bool {
            guard let step else {
                return base?.hasForm(tensor.identity.name, dtype: tensor.dtype, shape: tensor.shape) ?? false
            }
            guard let index = step.weight(tensor.identity.name) else { return false }
            let record = step.manifest.tensors[index]
            return record.dtype == tensor.dtype && record.shape == tensor.shape
        }
    }

    /// Encodes one unit.
    func encode(_ unit: EncodingUnit) throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit()
        switch unit {
        case .exact(let tensor):
            try encodeExact(tensor, bytes: tensor.read(), into: &result)
        case .payload(let payload):
            try encode(payload, into: &result)
        case .bundle(let parameters):
            switch method {
            case .excp(let settings): try encode(parameters, with: settings, into: &result)
            case .transform(let settings): try encode(parameters, with: settings, into: &result)
            }
        }
        return result
    }

    // MARK: Exact tensors

    /// Stores a tensor exactly: as a reference where it has not changed, against its predecessor where it has one.
    func encodeExact(_ tensor: PlannedTensor, bytes: [UInt8], into result: inout EncodedUnit) throws(VarveError) {
        result.sourceBytes += bytes.count
        let hash = Hash128(bytes)
        var statistics = TensorStatistics()
        let coding: EncodedUnit.Tensor.Coding
        if tensor.identity.role == .weight, tensor.identity.key.isEmpty {
            try store.put(.weight(tensor.identity.name), bytes)
            if let before = try predecessor?.weight(tensor.identity.name, byteCount: bytes.count) {
                statistics.referenceEnergy = try changeEnergy(tensor, bytes: bytes, restoredBefore: before)
                if before == bytes {
                    coding = .unchanged
                } else {
                    coding = .exactDelta(
                        blob: result.add(try encodeExact(bytes, dtype: tensor.dtype, predecessor: before)))
                }
            } else {
                coding = .exact(blob: result.add(try encodeExact(bytes, dtype: tensor.dtype, predecessor: nil)))
            }
        } else if let origin = sameContent(tensor, hash: hash) {
            coding = .sameAs(step: origin)
        } else {
            coding = .exact(blob: result.add(try encodeExact(bytes, dtype: tensor.dtype, predecessor: nil)))
        }
        switch coding {
        case .exact(let blob), .exactDelta(let blob): statistics.storedBytes = result.blobs[blob].count
        default: break
        }
        result.tensors.append(
            EncodedUnit.Tensor(planned: tensor, coding: coding, hash: hash, statistics: statistics))
    }

    private func encodeExact(_ bytes: [UInt8], dtype: DType, predecessor: [UInt8]?) throws(VarveError) -> [UInt8] {
        do throws(CodecError) {
            return try ExactCodec.encode(bytes, elementSize: dtype.planeCount, predecessor: predecessor)
        } catch {
            throw VarveError(.inputOutput, "compressing failed", cause: error)
        }
    }

    /// The step that stores the same bytes exactly, if the predecessor's tensor of that identity equals this one.
    private func sameContent(_ tensor: PlannedTensor, hash: Hash128) -> Int? {
        guard let step = predecessor?.step, let index = step.tensor(tensor.identity) else { return nil }
        let record = step.manifest.tensors[index]
        guard record.contentHash == hash, record.dtype == tensor.dtype, record.shape == tensor.shape else { return nil }
        switch record.coding {
        case .exact: return step.manifest.number
        case .sameAs(let origin): return origin
        default: return nil
        }
    }

    /// The squared change of a weight since the step before: of the originals where both are there, else the residual's
    /// less the predecessor's recorded error (at least a twentieth of the former).
    func changeEnergy(_ tensor: PlannedTensor, bytes: [UInt8], restoredBefore: [UInt8]) throws(VarveError) -> Double {
        guard let format = tensor.dtype.floatFormat else { return 0 }
        if let original = try predecessor?.originals?.weight(tensor.identity.name, byteCount: bytes.count) {
            return ResidualCodec.error(bytes, original, format: format).squared
        }
        let residual = ResidualCodec.error(bytes, restoredBefore, format: format).squared
        guard let step = predecessor?.step, let index = step.weight(tensor.identity.name) else { return residual }
        return max(residual / 20, residual - step.manifest.tensors[index].statistics.squaredError)
    }
}
