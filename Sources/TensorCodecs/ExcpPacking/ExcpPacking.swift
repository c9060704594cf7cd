/// Packs the quantized tensors of a quantized group: consecutive parameters that share streams, or one large parameter
/// alone.
///
/// Weights and moments are two sections; weights decode without the moments, moments need the decoded weights, because
/// they are coded only where the weight was kept. A quantized group holds fewer than 2^32 elements. Docs/method-excp.md
/// describes every byte.
package enum ExcpPacking {
    /// Which moments a tensor has.
    package struct MomentRoles: Sendable, Hashable {
        package var first: Bool
        /// Only together with `first`.
        package var second: Bool

        package init(first: Bool, second: Bool) {
            self.first = first
            self.second = second
        }
    }

    /// A tensor's moments as they come back.
    package struct Moments: Sendable, Hashable {
        package var first: ExcpRole?
        package var second: ExcpRole?

        package init(first: ExcpRole? = nil, second: ExcpRole? = nil) {
            self.first = first
            self.second = second
        }
    }

    /// First and second moment as one value, where every tensor has both and the alphabets leave room.
    static func canPair(first: Int, second: Int) -> Bool {
        first > 0 && second > 0 && first * second <= 255
    }
}

/// Packed tensors and what each of them takes.
package struct PackedSection: Sendable, Hashable {
    /// Stored bytes of one tensor by role.
    package struct Share: Sendable, Hashable {
        package var weight = 0
        package var first = 0
        package var second = 0

        package init(weight: Int = 0, first: Int = 0, second: Int = 0) {
            self.weight = weight
            self.first = first
            self.second = second
        }

        package var total: Int { weight + first + second }
    }

    package var bytes: [UInt8]
    /// One per tensor; together they are exactly `bytes.count`.
    package var shares: [Share]

    package init(bytes: [UInt8], shares: [Share]) {
        self.bytes = bytes
        self.shares = shares
    }
}
