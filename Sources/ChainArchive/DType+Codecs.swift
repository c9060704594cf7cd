package import TensorCodecs
package import TensorFiles

extension DType {
    /// How the codecs see the elements; `nil` for types that are never quantized.
    package var floatFormat: FloatFormat? {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .f16: .f16
        case .f64: .f64
        default: nil
        }
    }

    /// Bytes per element for the byte planes of the exact codec; complex numbers as pairs, sub-byte types bytewise.
    package var planeCount: Int {
        switch self {
        case .c32: 2
        case .c64: 4
        case .c128: 8
        default: max(1, bits / 8)
        }
    }
}
