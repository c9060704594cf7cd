/// Blocks of stored elements.
extension ErrorSums {
    /// Adds the differences of the next elements of two tensors.
    package mutating func add(
        _ original: UnsafeRawBufferPointer, _ restored: UnsafeRawBufferPointer, format: FloatFormat
    ) {
        let count = min(format.count(original), format.count(restored))
        switch format {
        case .f32:
            add(count) { Double(StoredFloats.float(original, $0)) - Double(StoredFloats.float(restored, $0)) }
        case .bf16:
            add(count) { Double(StoredFloats.bfloat16(original, $0)) - Double(StoredFloats.bfloat16(restored, $0)) }
        case .f16:
            add(count) { Double(StoredFloats.float16(original, $0)) - Double(StoredFloats.float16(restored, $0)) }
        case .f64:
            add(count) { StoredFloats.double(original, $0) - StoredFloats.double(restored, $0) }
        }
    }

    /// Adds the squares of the next elements of one tensor; the largest one is not looked for.
    package mutating func addSquares(_ values: UnsafeRawBufferPointer, format: FloatFormat) {
        let count = format.count(values)
        switch format {
        case .f32: add(count, onlySquares: true) { Double(StoredFloats.float(values, $0)) }
        case .bf16: add(count, onlySquares: true) { Double(StoredFloats.bfloat16(values, $0)) }
        case .f16: add(count, onlySquares: true) { Double(StoredFloats.float16(values, $0)) }
        case .f64: add(count, onlySquares: true) { StoredFloats.double(values, $0) }
        }
    }
}
