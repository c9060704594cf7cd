/// The difference between a weight and its restored predecessor, and its way back.
///
/// Encoder and decoder both go through `restore`, so what the next step is coded against is the same on both sides,
/// bit for bit: one addition and one rounding per element, in Float (Double for `f64`).
package enum ResidualCodec {
    /// weight - predecessor in Float; for `f64` the Double difference, rounded to Float.
    /// - Parameters:
    ///   - weight, predecessor: elements of `format`, as many as `output` holds; any alignment.
    package static func residual(
        weight: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer, format: FloatFormat,
        into output: UnsafeMutableBufferPointer<Float>
    ) {
        check(weight.count, predecessor.count, output.count, format)
        switch format {
        case .f32:
            for i in 0..<output.count { output[i] = float(weight, i) - float(predecessor, i) }
        case .bf16:
            for i in 0..<output.count {
                output[i] =
                    HalfPrecision.float(bfloat16: half(weight, i)) - HalfPrecision.float(bfloat16: half(predecessor, i))
            }
        case .f16:
            for i in 0..<output.count {
                output[i] =
                    HalfPrecision.float(float16: half(weight, i)) - HalfPrecision.float(float16: half(predecessor, i))
            }
        case .f64:
            for i in 0..<output.count { output[i] = Float(double(weight, i) - double(predecessor, i)) }
        }
    }

    /// predecessor + value, rounded to the format. `output` may be the predecessor's own memory.
    package static func restore(
        predecessor: UnsafeRawBufferPointer, values: UnsafeBufferPointer<Float>, format: FloatFormat,
        into output: UnsafeMutableRawBufferPointer
    ) {
        check(output.count, predecessor.count, values.count, format)
        switch format {
        case .f32:
            for i in 0..<values.count {
                output.storeBytes(of: float(predecessor, i) + values[i], toByteOffset: i &* 4, as: Float.self)
            }
        case .bf16:
            for i in 0..<values.count {
                let sum = HalfPrecision.float(bfloat16: half(predecessor, i)) + values[i]
                output.storeBytes(of: HalfPrecision.bfloat16(sum), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f16:
            for i in 0..<values.count {
                let sum = HalfPrecision.float(float16: half(predecessor, i)) + values[i]
                output.storeBytes(of: HalfPrecision.float16(sum), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f64:
            for i in 0..<values.count {
                output.storeBytes(of: double(predecessor, i) + Double(values[i]), toByteOffset: i &* 8, as: Double.self)
            }
        }
    }

    /// Squared and largest absolute difference of two buffers, in Double; infinite or NaN if a value is.
    package static func error(
        _ original: UnsafeRawBufferPointer, _ restored: UnsafeRawBufferPointer, format: FloatFormat
    ) -> ErrorMeasure {
        let count = min(format.count(original), format.count(restored))
        switch format {
        case .f32: return ErrorMeasure(count) { Double(float(original, $0)) - Double(float(restored, $0)) }
        case .bf16:
            return ErrorMeasure(count) {
                Double(HalfPrecision.float(bfloat16: half(original, $0)))
                    - Double(HalfPrecision.float(bfloat16: half(restored, $0)))
            }
        case .f16:
            return ErrorMeasure(count) {
                Double(HalfPrecision.float(float16: half(original, $0)))
                    - Double(HalfPrecision.float(float16: half(restored, $0)))
            }
        case .f64: return ErrorMeasure(count) { double(original, $0) - double(restored, $0) }
        }
    }

    /// The sum of the values' squares, in Double and in the same fixed order as `error`.
    package static func energy(_ values: UnsafeRawBufferPointer, format: FloatFormat) -> Double {
        let count = format.count(values)
        return switch format {
        case .f32: ErrorMeasure(count) { Double(float(values, $0)) }.squared
        case .bf16: ErrorMeasure(count) { Double(HalfPrecision.float(bfloat16: half(values, $0))) }.squared
        case .f16: ErrorMeasure(count) { Double(HalfPrecision.float(float16: half(values, $0))) }.squared
        case .f64: ErrorMeasure(count) { double(values, $0) }.squared
        }
    }

    private static func check(_ left: Int, _ right: Int, _ count: Int, _ format: FloatFormat) {
        precondition(left == count * format.elementSize && right == left, "buffers of different lengths")
    }

    @inline(__always)
    private static func float(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Float {
        bytes.loadUnaligned(fromByteOffset: i &* 4, as: Float.self)
    }

    @inline(__always)
    private static func half(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> UInt16 {
        bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self)
    }

    @inline(__always)
    private static func double(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Double {
        bytes.loadUnaligned(fromByteOffset: i &* 8, as: Double.self)
    }
}
