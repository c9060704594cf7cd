import CXXHash

/// XXH3-128 of some bytes: what archives use for contents and checksums. It detects damage, not forgery.
package struct Hash128: Sendable, Hashable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(_ bytes: UnsafeRawBufferPointer) {
        let hash = XXH3_128bits(bytes.baseAddress, bytes.count)
        self.init(high: hash.high64, low: hash.low64)
    }

    package init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Hash128($0) }
    }

    /// 32 hexadecimal digits, the high half first (xxHash's canonical form).
    package var description: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// XXH3-64 of some bytes.
package func checksum64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    XXH3_64bits(bytes.baseAddress, bytes.count)
}

/// XXH3-64 of some bytes.
package func checksum64(_ bytes: [UInt8]) -> UInt64 {
    bytes.withUnsafeBytes { checksum64($0) }
}

/// The `Hash128` of bytes that come in pieces.
package struct Hash128Stream: ~Copyable {
    private let state: OpaquePointer

    package init() {
        // Half a kilobyte: without that much nothing goes on.
        guard let state = XXH3_createState() else { preconditionFailure("no memory for a hash") }
        self.state = state
        XXH3_128bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    package func add(_ bytes: UnsafeRawBufferPointer) {
        XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
    }

    /// The hash of all bytes so far.
    package var hash: Hash128 {
        let hash = XXH3_128bits_digest(state)
        return Hash128(high: hash.high64, low: hash.low64)
    }
}
