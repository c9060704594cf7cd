/// What is encoded in one go.
enum EncodingUnit: Sendable {
    /// Parameters that are quantized and packed together.
    case bundle([PlannedParameter])
    /// A tensor stored exactly.
    case exact(PlannedTensor)
    /// A block of a file's payload.
    case payload(PlannedPayload)
}
