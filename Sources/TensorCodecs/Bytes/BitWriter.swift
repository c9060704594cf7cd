/// Packs small integers into bytes, the first value in the lowest bits of the first byte.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var pendingBits: UInt64 = 0

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Appends the low `bits` bits of `value`; `bits` is at most 32, and the bits of `value` above them are zero.
    mutating func append(_ value: UInt32, bits: Int) {
        pending |= UInt64(value) &<< pendingBits
        pendingBits &+= UInt64(bits)
        while pendingBits >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            pendingBits &-= 8
        }
    }

    /// Everything, the last byte filled up with zeros.
    consuming func finish() -> [UInt8] {
        if pendingBits > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        return bytes
    }
}
