package import TensorCodecs

/// A parameter of a quantized group after quantization, not yet packed.
package struct QuantizedParameter {
    package var tensor: ExcpTensor
    /// Of the weight, then of its moments; bytes stored are still open.
    package var records: [EncodedUnit.Tensor]
}
