/// Floating-point formats whose values the lossy methods work on. Raw values are stored in archives.
package enum FloatFormat: UInt8, Sendable, Hashable, CaseIterable {
    case f32 = 0, bf16 = 1, f16 = 2, f64 = 3

    /// Bytes per element.
    package var elementSize: Int {
        switch self {
        case .bf16, .f16: 2
        case .f32: 4
        case .f64: 8
        }
    }

    /// Whether any element is infinite or NaN. Stops at the first block of 4096 elements that holds one.
    package func hasNonFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let total = count(bytes)
        var start = 0
        while start < total {
            let end = min(start + 4096, total)
            if hasNonFinite(bytes, start..<end) { return true }
            start = end
        }
        return false
    }

    /// An element is finite if its exponent field is not all ones.
    private func hasNonFinite(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        switch self {
        case .f32:
            var found: UInt32 = 0
            for i in range {
                let bits = bytes.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self) & 0x7fff_ffff
                found |= bits >= 0x7f80_0000 ? 1 : 0
            }
            return found != 0
        case .f64:
            var found: UInt64 = 0
            for i in range {
                let bits = bytes.loadUnaligned(fromByteOffset: i &* 8, as: UInt64.self) & 0x7fff_ffff_ffff_ffff
                found |= bits >= 0x7ff0_0000_0000_0000 ? 1 : 0
            }
            return found != 0
        case .bf16, .f16:
            let infinity: UInt16 = self == .bf16 ? 0x7f80 : 0x7c00
            var found: UInt16 = 0
            for i in range {
                let bits = bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self) & 0x7fff
                found |= bits >= infinity ? 1 : 0
            }
            return found != 0
        }
    }
}

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

    /// The same values in this format: each rounded to float32 and then to this format, to nearest even. Bytes that are of
    /// this format already stay as they are.
    package func rounding(_ bytes: [UInt8], of format: FloatFormat) -> [UInt8] {
        format == self ? bytes : self.bytes(format.floats(bytes))
    }
}

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
