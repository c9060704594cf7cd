import TensorCodecs

/// A parameter of a bundle after quantization, not yet packed.
struct QuantizedParameter {
    var tensor: ExcpTensor
    /// Of the weight, then of its moments; bytes stored are still open.
    var records: [EncodedUnit.Tensor]
}
