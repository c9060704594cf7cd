extension DType {
    /// The dtype of the elements of a torch storage class (`FloatStorage`). `nil` for the untyped one and for packed
    /// quantized types.
    init?(torchStorageClass name: String) {
        switch name {
        case "FloatStorage": self = .f32
        case "DoubleStorage": self = .f64
        case "HalfStorage": self = .f16
        case "BFloat16Storage": self = .bf16
        case "LongStorage": self = .i64
        case "IntStorage": self = .i32
        case "ShortStorage": self = .i16
        case "CharStorage": self = .i8
        case "ByteStorage": self = .u8
        case "BoolStorage": self = .bool
        case "ComplexFloatStorage": self = .c64
        case "ComplexDoubleStorage": self = .c128
        case "QInt8Storage": self = .qi8
        case "QUInt8Storage": self = .qu8
        case "QInt32Storage": self = .qi32
        default: return nil
        }
    }

    /// The dtype that torch calls `torch.NAME`. `float4_e2m1fn_x2` has two elements of F4 in each of torch's.
    package init?(torchName name: String) {
        switch name {
        case "bool": self = .bool
        case "uint8": self = .u8
        case "int8": self = .i8
        case "uint16": self = .u16
        case "int16", "short": self = .i16
        case "uint32": self = .u32
        case "int32", "int": self = .i32
        case "uint64": self = .u64
        case "int64", "long": self = .i64
        case "float16", "half": self = .f16
        case "bfloat16": self = .bf16
        case "float32", "float": self = .f32
        case "float64", "double": self = .f64
        case "float8_e4m3fn": self = .f8e4m3
        case "float8_e5m2": self = .f8e5m2
        case "float8_e4m3fnuz": self = .f8e4m3fnuz
        case "float8_e5m2fnuz": self = .f8e5m2fnuz
        case "float8_e8m0fnu": self = .f8e8m0
        case "float4_e2m1fn_x2": self = .f4
        case "complex32", "chalf": self = .c32
        case "complex64", "cfloat": self = .c64
        case "complex128", "cdouble": self = .c128
        case "qint8": self = .qi8
        case "quint8": self = .qu8
        case "qint32": self = .qi32
        default: return nil
        }
    }
}
