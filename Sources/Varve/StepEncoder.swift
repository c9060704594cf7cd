import ChainArchive
import TensorCodecs
import TensorFiles

/// Encodes the units of one step. Units are independent of each other, so several threads may work on them.
struct StepEncoder: Sendable {
    let method: StepMethod
    /// What the step builds on; `nil` for a keyframe.
    let predecessor: Predecessor?
    /// Where restored tensors and payload go, for the next step.
    let store: ScratchStore
    /// Decodes what the step before stored exactly.
    var decoder: ChainDecoder?

    /// The step before, as a decoder will have it.
    struct Predecessor: Sendable {
        /// `nil` where the step builds on a base.
        var step: OpenStep?
        /// Restored tensors and payload of `step`.
        var store: ScratchStore?
        var base: (any BaseWeights)?
        /// The original weights of the step before, for measuring the true change, while they are still on disk.
        var originals: OriginalWeights?
        /// Of every weight: its mean second moment against the model's to the power -1/4.
        var stepFactors: [String: Double] = [:]

        func weight(_ name: String, byteCount: Int) throws(VarveError) -> [UInt8]? {
            var bytes = try store?.get(.tensor(.weight(name)))
            if bytes == nil { bytes = try base?.weight(name) }
            return bytes?.count == byteCount ? bytes : nil
        }

        /// Whether the tensor had the same type and shape, so that a difference of values means something.
        func hasForm(of tensor: PlannedTensor) -> Bool {
            guard let step else {
                guard tensor.identity.isWeight else { return false }
                return base?.hasForm(tensor.identity.name, dtype: tensor.dtype, shape: tensor.shape) ?? false
            }
            guard let index = step.tensor(tensor.identity) else { return false }
            let record = step.manifest.tensors[index]
            return record.dtype == tensor.dtype && record.shape == tensor.shape
        }
    }

    /// Encodes one unit.
    func encode(_ unit: EncodingUnit) throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit()
        switch unit {
        case .pack(let tensors):
            for tensor in tensors { try encodeExact(tensor, bytes: tensor.read(), into: &result) }
        case .payload(let payload):
            try encode(payload, into: &result)
        case .bundle(let parameters):
            switch method {
            case .excp(let settings): try encode(parameters, with: settings, into: &result)
            case .transform(let settings): try encode(parameters, with: settings, into: &result)
            case .lossless:
                for parameter in parameters {
                    try encodeExactly(parameter, weightBytes: parameter.weight.read(), into: &result)
                }
            }
        }
        try packExact(&result)
        return result
    }

    // MARK: Payload

    private func encode(_ payload: PlannedPayload, into result: inout EncodedUnit) throws(VarveError) {
        var plain: [UInt8] = []
        plain.reserveCapacity(payload.ranges.reduce(0) { $0 + $1.count })
        for range in payload.ranges { plain += try payload.source.bytes(at: range.lowerBound, count: range.count) }
        result.sourceBytes += plain.count
        var prefix: [UInt8] = []
        if let entry = payload.prefixEntry {
            prefix = try predecessor?.store?.get(.payload(entry: entry, block: payload.block)) ?? []
        }
        let stored: [UInt8]
        do throws(CodecError) {
            stored = try PayloadCodec.encode(plain, prefix: prefix)
        } catch {
            throw VarveError(.inputOutput, "compressing failed", file: payload.source.name, cause: error)
        }
        try store.put(.payload(entry: payload.entry, block: payload.block), plain)
        result.payload = EncodedUnit.Payload(
            entry: payload.entry, blob: result.add(stored), plainCount: plain.count, plainChecksum: checksum64(plain),
            usesPrefix: !prefix.isEmpty)
    }
}
