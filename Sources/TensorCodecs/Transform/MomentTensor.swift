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
        return values.allSatisfy { $0.magnitude < limit }
    }

    package var isNonNegative: Bool { values.allSatisfy { $0 >= 0 } }
}

extension FloatFormat {
    /// Elements that are zero, of either sign.
    package func zeroCount(_ bytes: [UInt8]) -> Int {
        floats(bytes).reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    }
}
