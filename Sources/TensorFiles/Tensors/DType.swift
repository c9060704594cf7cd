/// The type of a tensor's elements. Raw values are the names that safetensors gives; types that only torch has have
/// names of the same form.
public enum DType: String, Sendable, Hashable, CaseIterable {
    /// Truth values, a byte each.
    case bool = "BOOL"
    /// Floating-point numbers of less than a byte.
    case f4 = "F4", f6e2m3 = "F6_E2M3", f6e3m2 = "F6_E3M2"
    /// Integers of 8 bits.
    case u8 = "U8", i8 = "I8"
    /// Floating-point numbers of 8 bits.
    case f8e5m2 = "F8_E5M2", f8e4m3 = "F8_E4M3", f8e8m0 = "F8_E8M0"
    /// Floating-point numbers of 8 bits, without infinities and negative zero.
    case f8e4m3fnuz = "F8_E4M3FNUZ", f8e5m2fnuz = "F8_E5M2FNUZ"
    /// Integers of 16 bits.
    case i16 = "I16", u16 = "U16"
    /// Floating-point numbers of 16 bits: IEEE half precision, and bfloat16.
    case f16 = "F16", bf16 = "BF16"
    /// Integers of 32 bits.
    case i32 = "I32", u32 = "U32"
    /// Floating-point numbers of 32 bits.
    case f32 = "F32"
    /// Complex numbers of 32 bits for each part.
    case c64 = "C64"
    /// Floating-point numbers of 64 bits.
    case f64 = "F64"
    /// Integers of 64 bits.
    case i64 = "I64", u64 = "U64"
    /// Complex numbers of 16 and 64 bits for each part, and quantized integers. They occur only in torch files.
    case c32 = "C32", c128 = "C128", qi8 = "QI8", qu8 = "QU8", qi32 = "QI32"

    /// Bits per element; a multiple of 8 except for F4 and F6.
    public var bits: Int {
        switch self {
        case .f4: 4
        case .f6e2m3, .f6e3m2: 6
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz, .qi8, .qu8: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32, .c32, .qi32: 32
        case .c64, .f64, .i64, .u64: 64
        case .c128: 128
        }
    }

    /// Whether it is a floating-point type that Varve may quantize: F16, BF16, F32 or F64.
    public var isQuantizable: Bool {
        switch self {
        case .f16, .bf16, .f32, .f64: true
        default: false
        }
    }

    /// Whether safetensors has it; the others occur only in torch files.
    package var isSafetensors: Bool {
        switch self {
        case .c32, .c128, .qi8, .qu8, .qi32: false
        default: true
        }
    }
}
