extension RansCoder {
    /// Levels as bytes, and which segment they serve.
    package struct Packed: Sendable {
        package var bytes: [UInt8]
        /// Bytes per segment; they add up to the bytes there are.
        package var shares: [Int]

        init(bytes: [UInt8], shares: [Int]) {
            self.bytes = bytes
            self.shares = shares
        }

        init(bytes: [UInt8], weights: [UInt64]) {
            self.init(bytes: bytes, shares: ByteShares.split(bytes.count, by: weights))
        }
    }
}
