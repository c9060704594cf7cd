extension FloatFormat {
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
