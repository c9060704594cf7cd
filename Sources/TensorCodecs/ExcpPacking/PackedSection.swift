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
