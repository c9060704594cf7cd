/// Bulk conversions between stored little-endian elements (unaligned addresses are fine) and Float or Double.
/// Rounding is to nearest, ties to even.
extension FloatFormat {
    /// Elements in `bytes`; a remainder that fills no element is ignored.
    package func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        bytes.count / elementSize
    }

    package func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = count(bytes)
        return [Float](unsafeUninitializedCapacity: count) { output, filled in
            convert(bytes, to: UnsafeMutableBufferPointer(rebasing: output[..<count]))
            filled = count
        }
    }

    package func doubles(_ bytes: UnsafeRawBufferPointer) -> [Double] {
        guard self == .f64 else { return floats(bytes).map(Double.init) }
        return (0..<count(bytes)).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
    }

    /// Converts `output.count` elements. `bytes` must hold at least as many.
    package func convert(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableBufferPointer<Float>) {
        precondition(bytes.count >= output.count * elementSize, "fewer elements than the output holds")
        switch self {
        case .f32:
            for i in 0..<output.count { output[i] = bytes.loadUnaligned(fromByteOffset: i &* 4, as: Float.self) }
        case .bf16:
            for i in 0..<output.count {
                output[i] = HalfPrecision.float(bfloat16: bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
            }
        case .f16:
            for i in 0..<output.count {
                output[i] = HalfPrecision.float(float16: bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
            }
        case .f64:
            for i in 0..<output.count {
                output[i] = Float(bytes.loadUnaligned(fromByteOffset: i &* 8, as: Double.self))
            }
        }
    }

    /// Stores `values` as elements of this format. `output` must hold at least as many.
    package func store(_ values: UnsafeBufferPointer<Float>, to output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= values.count * elementSize, "fewer elements than there are values")
        switch self {
        case .f32:
            for i in 0..<values.count { output.storeBytes(of: values[i], toByteOffset: i &* 4, as: Float.self) }
        case .bf16:
            for i in 0..<values.count {
                output.storeBytes(of: HalfPrecision.bfloat16(values[i]), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f16:
            for i in 0..<values.count {
                output.storeBytes(of: HalfPrecision.float16(values[i]), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f64:
            for i in 0..<values.count {
                output.storeBytes(of: Double(values[i]), toByteOffset: i &* 8, as: Double.self)
            }
        }
    }

    /// `values` as stored bytes.
    package func bytes(_ values: [Float]) -> [UInt8] {
        let count = values.count * elementSize
        return [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            values.withUnsafeBufferPointer { store($0, to: UnsafeMutableRawBufferPointer(output)) }
            filled = count
        }
    }
}
