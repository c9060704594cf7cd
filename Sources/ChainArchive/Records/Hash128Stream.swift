import CXXHash

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
