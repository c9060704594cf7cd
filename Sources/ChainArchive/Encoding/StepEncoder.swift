import TensorCodecs
package import FileSystem

/// Encodes the units of one step. Units are independent of each other, so several threads may work on them.
package struct StepEncoder: Sendable {
    /// Of the step.
    package let number: Int
    package let method: StepMethod
    /// What the step builds on; `nil` for a keyframe.
    package let predecessor: Predecessor?
    /// Where restored tensors and payload go, for the next step; `nil` where none comes.
    package let store: ScratchStore?
    /// Decodes what the step before stored exactly.
    package var decoder: ChainDecoder?
    /// Payload that earlier steps store.
    package var index = PayloadIndex()
    /// For method `excp`.
    package let workspaces = WorkspacePool()

    package init(
        number: Int, method: StepMethod, predecessor: Predecessor? = nil, store: ScratchStore? = nil,
        decoder: ChainDecoder? = nil, index: PayloadIndex = PayloadIndex()
    ) {
        self.number = number
        self.method = method
        self.predecessor = predecessor
        self.store = store
        self.decoder = decoder
        self.index = index
    }

    /// The step before, as a decoder will have it.
    package struct Predecessor: Sendable {
        /// `nil` where the step builds on a base.
        package var step: OpenStep?
        /// Restored tensors and payload of `step`.
        package var store: ScratchStore?
        package var base: (any BaseWeights)?
        /// The optimizer's steps since, where steps are not counted in epochs.
        package var distance: Int?
        /// The original weights of the step before, for measuring the true change, while they are still on disk.
        package var originals: OriginalWeights?
        /// Of every weight: its mean second moment against the model's to the power -1/4.
        package var quantizerScales: [String: Double] = [:]

        package init(
            step: OpenStep? = nil, store: ScratchStore? = nil, base: (any BaseWeights)? = nil, distance: Int? = nil,
            originals: OriginalWeights? = nil, quantizerScales: [String: Double] = [:]
        ) {
            self.step = step
            self.store = store
            self.base = base
            self.distance = distance
            self.originals = originals
            self.quantizerScales = quantizerScales
        }

        package func weight(_ name: String, byteCount: Int) throws(VarveError) -> [UInt8]? {
            var bytes = try store?.get(.tensor(.weight(name)))
            if bytes == nil { bytes = try base?.weight(name) }
            return bytes?.count == byteCount ? bytes : nil
        }

        /// The same into memory that is there; `false` where there is no such weight of that size.
        package func readWeight(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) -> Bool {
            let key = ScratchStore.Key.tensor(.weight(name))
            if let store, let count = store.byteCount(key) {
                return count == buffer.count ? try store.read(key, at: 0, into: buffer) : false
            }
            guard let bytes = try base?.weight(name), bytes.count == buffer.count else { return false }
            buffer.copyBytes(from: bytes)
            return true
        }

        /// Whether the tensor had the same type and shape, so that a difference of values means something.
        package func hasForm(of tensor: PlannedTensor) -> Bool {
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
    package func encodeUnit(_ unit: EncodingUnit) throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit()
        switch unit {
        case .losslessGroup(let tensors):
            for tensor in tensors { try encodeTensorExactly(tensor, bytes: tensor.read(), into: &result) }
        case .payload(let payload):
            try encodePayload(payload, into: &result)
        case .quantizedGroup(let parameters):
            switch method {
            case .excp(let settings): try encodeExcp(parameters, with: settings, into: &result)
            case .transform(let settings, _): try encodeTransform(parameters, with: settings, into: &result)
            case .lossless:
                for parameter in parameters {
                    try encodeParameterExactly(parameter, weightBytes: parameter.weight.read(), into: &result)
                }
            }
        }
        try packExact(&result)
        return result
    }
}
