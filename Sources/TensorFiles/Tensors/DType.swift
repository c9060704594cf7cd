/// Element type of a tensor. Raw values are safetensors' names; types that only torch has carry torch's.
public enum DType: String, Sendable, Hashable, CaseIterable {
    case bool = "BOOL"
    case f4 = "F4", f6e2m3 = "F6_E2M3", f6e3m2 = "F6_E3M2"
    case u8 = "U8", i8 = "I8"
    case f8e5m2 = "F8_E5M2", f8e4m3 = "F8_E4M3", f8e8m0 = "F8_E8M0"
    case f8e4m3fnuz = "F8_E4M3FNUZ", f8e5m2fnuz = "F8_E5M2FNUZ"
    case i16 = "I16", u16 = "U16", f16 = "F16", bf16 = "BF16"
    case i32 = "I32", u32 = "U32", f32 = "F32"
    case c64 = "C64", f64 = "F64", i64 = "I64", u64 = "U64"
    /// Only in torch files.
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

    /// Whether it is a plain floating-point type that Varve may quantize (F16, BF16, F32, F64).
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
