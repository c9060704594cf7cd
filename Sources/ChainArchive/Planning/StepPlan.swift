/// What will be stored of a step: its entries, and the units to encode in the order of the part.
package struct StepPlan: Sendable {
    package var entries: [Entry]
    package var units: [EncodingUnit]
    /// Optimizer state path to parameter name.
    package var pairs: [String: String]
    package var notes: [String]
    /// Bytes of all files of the step.
    package var originalBytes: UInt64

    package init(
        entries: [Entry], units: [EncodingUnit], pairs: [String: String], notes: [String], originalBytes: UInt64
    ) {
        self.entries = entries
        self.units = units
        self.pairs = pairs
        self.notes = notes
        self.originalBytes = originalBytes
    }

    /// Tensors below this many bytes that are no weight or moment stay in the payload, where they cost less.
    package static let smallestTensor = 512
    /// Small parameters are packed together until they have so many elements.
    package static let quantizedGroupElements = 1 << 18
}

/// What is encoded in one go.
package enum EncodingUnit: Sendable {
    /// Parameters that are quantized and packed together.
    case quantizedGroup([PlannedParameter])
    /// Tensors stored exactly, together.
    case losslessGroup([PlannedTensor])
    /// A block of a file's payload.
    case payload(PlannedPayload)
}
