import TensorCodecs
import Testing

/// A pruned residual leaves the predecessor's bits alone.
@Suite struct PrunedBitsTests {
    @Test(arguments: FloatFormat.allCases)
    func whatIsPrunedKeepsEveryBitOfThePredecessor(format: FloatFormat) {
        // Zeros of both signs, denormals of both signs, and ordinary values.
        let patterns: [UInt64] =
            switch format {
            case .f32: [0, 0x8000_0000, 1, 0x8000_0001, 0x3F80_0000, 0xC2F6_E979]
            case .bf16: [0, 0x8000, 1, 0x8001, 0x3F80, 0xC2F7]
            case .f16: [0, 0x8000, 1, 0x8001, 0x3C00, 0xD7B7]
            case .f64: [0, 1 << 63, 1, 1 << 63 | 1, 0x3FF0_0000_0000_0000, 0xC05E_DD2F_1A9F_BE77]
            }
        let predecessor = patterns.flatMap { pattern in
            (0..<format.elementSize).map { UInt8(truncatingIfNeeded: pattern >> (8 * UInt64($0))) }
        }
        let restored = ResidualCodec.restore(
            .pruned(count: patterns.count), predecessor: predecessor, format: format)
        #expect(restored == predecessor)
    }
}
