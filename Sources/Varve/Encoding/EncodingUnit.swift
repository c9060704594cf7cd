/// What is encoded in one go.
enum EncodingUnit: Sendable {
    /// Parameters that are quantized and packed together.
    case bundle([PlannedParameter])
    /// Tensors stored exactly, together.
    case pack([PlannedTensor])
    /// A block of a file's payload.
    case payload(PlannedPayload)
}
