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

    /// How the lossless coder sees a tensor of this type: complex numbers as pairs along the last dimension, types of
    /// less than a byte as a row of bytes.
    package func losslessForm(_ shape: [Int]) -> (format: ElementFormat, shape: [Int]) {
        // A dimension of nothing makes all others meaningless, however large.
        guard !shape.contains(0) else { return (elementFormat, [0]) }
        switch self {
        case .f4, .f6e2m3, .f6e3m2:
            return (elementFormat, [(shape.reduce(1, *) * bits + 7) / 8])
        case .c32, .c64, .c128:
            return (elementFormat, shape.dropLast() + [2 * (shape.last ?? 1)])
        default:
            return (elementFormat, shape)
        }
    }

    private var elementFormat: ElementFormat {
        switch self {
        case .f32, .c64: .float(.f32)
        case .f64, .c128: .float(.f64)
        case .f16, .c32: .float(.f16)
        case .bf16: .float(.bf16)
        case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz: .smallFloat
        default: .word(bytes: max(1, bits / 8))
        }
    }
}
