import TensorCodecs

/// What a unit became: byte runs for the part, and the records that refer to them.
///
/// A unit knows nothing of those before it, so its records count groups from its own first one, and blobs by their
/// position in `blobs`. `StepManifest.append` moves them to where they stand in the step.
package struct EncodedUnit: Sendable {
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
    package var tensors: [TensorRecord] = []
    /// The weights and moments of the unit's only quantized group, as blobs.
    package var quantizedGroup: (settings: QuantizedGroup.Method, weights: Int, moments: Int?)?
    package var payload: Payload?
    /// What `LosslessGroup` made of tensors, as blobs.
    package var losslessGroups: [Int] = []
    /// Tensors of which only the records are left (`PlannedTensor.isDropped`), those outside of the quantized group.
    package var dropped: [PlannedTensor] = []
    /// Whether the moments of the quantized group are dropped.
    package var dropsMoments = false
    /// Of states that are quantized on their own, by position in `tensors`, the blob.
    package var states: [Int: Int] = [:]
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
