import TensorCodecs

/// What a unit became: byte runs for the part, and the records that refer to them by position in `blobs`.
package struct EncodedUnit: Sendable {
    /// A record whose coding waits for the location of its blob.
    package struct Tensor: Sendable {
        enum Coding: Sendable {
            /// Exactly, in one of the unit's own lossless groups.
            case packed(losslessGroup: Int, index: Int, depth: Int)
            case unchanged
            case sameAs(step: Int)
            /// Member of the unit's own quantized group.
            case excp(index: Int)
            /// The same by method `transform`.
            case transform(index: Int, opens: Bool)
            /// That member's weight under another name or in another type.
            case copy(index: Int)
        }
        var planned: PlannedTensor
        var coding: Coding
        var hash: Hash128
        var statistics: TensorStatistics
    }

    package struct Payload: Sendable {
        enum Content: Sendable {
            case record(blob: Int, usesPrefix: Bool)
            case elsewhere(PayloadLocation)
            case constant(UInt8)
        }
        var entry: Int
        var content: Content
        var plainCount: Int
        var plainChecksum: UInt64 = 0
    }

    package var blobs: [[UInt8]] = []
    package var tensors: [Tensor] = []
    /// The quantized group's weights and moments, as blobs.
    package var quantizedGroup: (settings: QuantizedGroup.Method, weights: Int, moments: Int?)?
    package var payload: Payload?
    /// What `LosslessGroup` made of tensors, as blobs.
    package var losslessGroups: [Int] = []
    /// Tensors that are still to be packed.
    package var exact: [ExactTensor] = []
    /// Bytes of checkpoint that were read.
    package var sourceBytes = 0
    package var notes: [String] = []

    /// Bytes of memory it takes until it is written.
    package var heldBytes: Int { blobs.reduce(0) { $0 + $1.count } }

    package mutating func add(_ blob: [UInt8]) -> Int {
        blobs.append(blob)
        return blobs.count - 1
    }
}
