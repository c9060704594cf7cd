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
