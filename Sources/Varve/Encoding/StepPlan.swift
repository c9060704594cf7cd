import ChainArchive
import Checkpoints
import TensorFiles

/// What will be stored of a step: its entries, and the units to encode in the order of the part.
struct StepPlan: Sendable {
    var entries: [Entry]
    var units: [EncodingUnit]
    /// Optimizer state path to parameter name.
    var pairs: [String: String]
    var notes: [String]
    /// Bytes of all files of the step.
    var originalBytes: UInt64

    /// Tensors below this many bytes that are no weight or moment stay in the payload, where they cost less.
    static let smallestTensor = 512
    /// Small parameters are packed together until they have so many elements.
    static let bundleElements = 1 << 18
}
