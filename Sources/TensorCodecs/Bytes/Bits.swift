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

/// Reads what `BitWriter` writes. The caller knows how many bits there are and has the byte count checked before.
struct BitReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var pending: UInt64 = 0
    private var pendingBits: UInt64 = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    /// The next `bits` bits, at most 32.
    /// - Throws: `.corrupt` past the end.
    mutating func read(_ bits: Int) throws(CodecError) -> UInt32 {
        while pendingBits < UInt64(bits) {
            guard position < bytes.endIndex else { throw .corrupt("the data ends inside packed bits") }
            pending |= UInt64(bytes[position]) &<< pendingBits
            position += 1
            pendingBits &+= 8
        }
        let value = pending & ((1 &<< UInt64(bits)) &- 1)
        pending &>>= UInt64(bits)
        pendingBits &-= UInt64(bits)
        return UInt32(truncatingIfNeeded: value)
    }

    /// - Throws: `.corrupt` unless all bytes were used and the padding bits are zero.
    func expectEnd() throws(CodecError) {
        guard position == bytes.endIndex, pendingBits < 8, pending == 0 else {
            throw .corrupt("packed bits are left over")
        }
    }
}
