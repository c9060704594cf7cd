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
