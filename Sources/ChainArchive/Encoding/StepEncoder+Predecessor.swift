import FileSystem

extension StepEncoder {
    /// What a step is coded against, as a decoder will have it. It is found before the step is planned and stays as it is.
    package enum Predecessor: Sendable {
        /// A step of the chain, with its restored tensors and payload. `originals` are its original weights for measuring
        /// the true change, if they are still on disk.
        case step(OpenStep, store: ScratchStore, originals: OriginalWeights?)
        case base(any BaseWeights)

        /// `nil` where it is a base.
        package var step: OpenStep? {
            if case .step(let step, _, _) = self { step } else { nil }
        }

        /// Restored tensors and payload of `step`.
        package var store: ScratchStore? {
            if case .step(_, let store, _) = self { store } else { nil }
        }

        var originals: OriginalWeights? {
            if case .step(_, _, let originals) = self { originals } else { nil }
        }

        /// What the manifest of the step that is built on it says of it.
        package var link: StepManifest.Predecessor {
            switch self {
            case .step(let step, _, _): .step(step.manifest.number, digest: step.digest)
            case .base: .base
            }
        }

        func weight(_ name: String, byteCount: Int) throws(VarveError) -> [UInt8]? {
            let bytes =
                switch self {
                case .step(_, let store, _): try store.get(.tensor(.weight(name)))
                case .base(let base): try base.weight(name)
                }
            return bytes?.count == byteCount ? bytes : nil
        }

        /// The same into memory that is there; `false` where there is no such weight of that size.
        func readWeight(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) -> Bool {
            switch self {
            case .step(_, let store, _):
                let key = ScratchStore.Key.tensor(.weight(name))
                return store.byteCount(key) == buffer.count ? try store.read(key, at: 0, into: buffer) : false
            case .base(let base):
                guard let bytes = try base.weight(name), bytes.count == buffer.count else { return false }
                buffer.copyBytes(from: bytes)
                return true
            }
        }

        /// Whether the tensor had the same type and shape, so that a difference of values means something.
        package func hasForm(of tensor: PlannedTensor) -> Bool {
            switch self {
            case .step(let step, _, _):
                guard let index = step.tensor(tensor.identity) else { return false }
                let record = step.manifest.tensors[index]
                return record.dtype == tensor.dtype && record.shape == tensor.shape
            case .base(let base):
                return tensor.identity.isWeight
                    && base.hasForm(tensor.identity.name, dtype: tensor.dtype, shape: tensor.shape)
            }
        }
    }
}
