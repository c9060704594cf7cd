/// A moment's stored bytes with their format.
package struct MomentTensor: Sendable {
    package var bytes: [UInt8]
    package var format: FloatFormat
    package var values: [Float]

    package init(bytes: [UInt8], format: FloatFormat) {
        self.bytes = bytes
        self.format = format
        values = format.floats(bytes)
    }
}

extension MomentTensor {
    /// Whether all values are finite, and far enough from the end of the format's range that rounding keeps them so.
    package var isUsable: Bool {
        let limit: Float = format == .f16 ? 3e4 : 1e38
        return values.withUnsafeBufferPointer { values in
            var beyond: UInt32 = 0
            for value in values { beyond |= value.magnitude < limit ? 0 : 1 }
            return beyond == 0
        }
    }

    package var isNonNegative: Bool {
        values.withUnsafeBufferPointer { values in
            var negative: UInt32 = 0
            for value in values { negative |= value >= 0 ? 0 : 1 }
            return negative == 0
        }
    }
}

extension FloatFormat {
    /// Elements that are zero, of either sign.
    package func zeroCount(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { bytes in
            var zeros = 0
            switch self {
            case .f32:
                for i in 0..<count(bytes) {
                    zeros &+= bytes.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self) & 0x7fff_ffff == 0 ? 1 : 0
                }
            case .bf16, .f16:
                for i in 0..<count(bytes) {
                    zeros &+= bytes.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self) & 0x7fff == 0 ? 1 : 0
                }
            case .f64:
                for i in 0..<count(bytes) {
                    let bits = bytes.loadUnaligned(fromByteOffset: i &* 8, as: UInt64.self)
                    zeros &+= bits & 0x7fff_ffff_ffff_ffff == 0 ? 1 : 0
                }
            }
            return zeros
        }
    }
}
