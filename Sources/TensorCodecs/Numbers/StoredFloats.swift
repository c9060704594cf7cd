/// Single elements of stored tensors, at any alignment.
enum StoredFloats {
    @inline(__always)
    static func float(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Float {
        bytes.loadUnaligned(fromByteOffset: i &* 4, as: Float.self)
    }

    @inline(__always)
    static func bfloat16(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Float {
        HalfPrecision.float(bfloat16: half(bytes, i))
    }

    @inline(__always)
    static func float16(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Float {
        HalfPrecision.float(float16: half(bytes, i))
    }

    @inline(__always)
    static func double(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Double {
        bytes.loadUnaligned(fromByteOffset: i &* 8, as: Double.self)
    }

    @inline(__always)
    private static func half(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> UInt16 {
        bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self)
    }
}
