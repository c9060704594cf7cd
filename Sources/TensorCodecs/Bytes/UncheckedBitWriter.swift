/// Packs bit fields into memory, the first in the lowest bits of the first byte: what `BitWriter` does, for fields of
/// up to 56 bits and without a loop or a growing array, which every element of every tensor goes through.
struct UncheckedBitWriter {
    /// Bits of the longest field.
    static let longest: Int32 = 56

    private let start: UnsafeMutableRawPointer
    private var position = 0
    private var pending: UInt64 = 0
    private var pendingBits: UInt64 = 0

    /// - Parameter start: room for all bits and 8 bytes more.
    init(_ start: UnsafeMutableRawPointer) {
        self.start = start
    }

    /// Appends `count` bits, at most 56; bits of `value` above them are zero.
    @inline(__always)
    mutating func append(_ value: UInt64, _ count: Int32) {
        pending |= value &<< pendingBits
        let bits = pendingBits &+ UInt64(truncatingIfNeeded: count)
        start.storeBytes(of: pending.littleEndian, toByteOffset: position, as: UInt64.self)
        position &+= Int(truncatingIfNeeded: bits &>> 3)
        // At most 63 bits were pending, so that the shift stays below 64.
        pending &>>= bits & 0x38
        pendingBits = bits & 7
    }

    /// Bits written so far.
    var bitCount: Int { position * 8 + Int(pendingBits) }

    /// Bytes of everything, the last one filled up with zeros.
    var byteCount: Int { (bitCount + 7) / 8 }
}
