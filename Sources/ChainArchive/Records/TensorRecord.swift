import FileSystem
package import TensorFiles

/// One coded tensor of a step: which bytes of which files it fills, and how they are had.
package struct TensorRecord: Sendable {
    /// How the tensor's bytes are stored.
    package enum Coding: Sendable, Hashable {
        /// Exactly: tensor `index` of a lossless group (`LosslessGroup`), coded against `depth` of its predecessors, 0
        /// to 2.
        case packed(losslessGroup: Int, index: Int, depth: Int)
        /// Bit-equal to the predecessor's restored tensor of the same name, role and key.
        case unchanged
        /// Bit-equal to the tensor of the same name, role and key in that earlier step, where it is `packed`.
        case sameAs(step: Int)
        /// Quantized: member `index` of quantized group `quantizedGroup`.
        case excp(quantizedGroup: Int, index: Int)
        /// The same by method `transform`. `opens`: the parameter's chain begins here, nothing comes before.
        case transform(quantizedGroup: Int, index: Int, opens: Bool)
        /// That member's weight under another name or in another type: its restored values rounded to this type.
        case copy(quantizedGroup: Int, index: Int)
        /// Quantized on its own (`SingleState`). Nothing builds on it, and it builds on nothing.
        case state(RecordLocation)

        /// Whether every bit of what was encoded comes back.
        package var isExact: Bool {
            member == nil && !isState
        }

        package var isState: Bool {
            if case .state = self { return true }
            return false
        }

        /// Whether it has the step before in it, so that whoever has the tensor can have its predecessor too.
        var reachesBack: Bool {
            switch self {
            case .unchanged: true
            case .packed(_, _, let depth): depth > 0
            default: false
            }
        }

        /// The quantized group it lies in and its position there; the method is `nil` where it may be any.
        package var member: (quantizedGroup: Int, index: Int, method: QuantizedGroup.Method.Name?)? {
            switch self {
            case .excp(let quantizedGroup, let index): (quantizedGroup, index, .excp)
            case .transform(let quantizedGroup, let index, _): (quantizedGroup, index, .transform)
            case .copy(let quantizedGroup, let index): (quantizedGroup, index, nil)
            default: nil
            }
        }
    }

    /// The parameter's name; for a tensor without parameter its name in the file. With `role` and `key` unique in a step.
    package var name: String
    package var role: Role
    /// The optimizer's key (`exp_avg`, `max_exp_avg_sq`); empty for weights.
    package var key: String
    package var dtype: DType
    package var shape: [Int]
    /// The files and the bytes of them that it fills. Files are indices into the manifest's entries.
    package var pieces: TensorPieces
    package var coding: Coding
    /// XXH3-128 of the restored bytes.
    package var contentHash: Hash128
    package var statistics: TensorStatistics

    package init(
        name: String, role: Role, key: String, dtype: DType, shape: [Int], pieces: TensorPieces,
        coding: Coding, contentHash: Hash128, statistics: TensorStatistics
    ) {
        self.name = name
        self.role = role
        self.key = key
        self.dtype = dtype
        self.shape = shape
        self.pieces = pieces
        self.coding = coding
        self.contentHash = contentHash
        self.statistics = statistics
    }

    /// Whether the restored bytes are the original's: it is coded exactly, and from the original.
    package var isOriginal: Bool { coding.isExact && statistics.range == nil }
    package var count: Int { shape.reduce(1, *) }
    package var byteCount: Int { (count * dtype.bits + 7) / 8 }
    /// What tells this tensor from all others of its step.
    package var identity: TensorIdentity { TensorIdentity(name: name, role: role, key: key) }
}
