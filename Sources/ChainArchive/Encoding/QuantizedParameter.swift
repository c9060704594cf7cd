import TensorCodecs

/// A parameter of a quantized group after quantization, not yet packed.
struct QuantizedParameter {
    var tensor: ExcpTensor
    /// Of the weight, then of its moments; bytes stored are still open.
    var records: [TensorRecord]
}
