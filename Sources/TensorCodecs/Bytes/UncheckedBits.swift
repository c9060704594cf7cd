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

/// Reads the bit fields a `UncheckedBitWriter` packed. Reading past the end gives what is behind it and shows in
/// `isWhole`.
struct UncheckedBitReader {
    /// Bytes behind the last one that may be read as well: those of a block of fields of 56 bits, and a word.
    static let margin = ResidualBlock.size * 7 + 8

    private let start: UnsafeRawPointer
    private let end: Int
    private var position = 0

    /// - Parameters:
    ///   - start: the bits and `margin` bytes more.
    ///   - byteCount: bytes that hold bits.
    init(_ start: UnsafeRawPointer, byteCount: Int) {
        self.start = start
        end = byteCount * 8
    }

    /// Whether a block of fields can be read: none before went beyond the end.
    var isInside: Bool { position <= end }

    /// The next 56 bits or more, in the low bits.
    @inline(__always)
    func peek() -> UInt64 {
        let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: position &>> 3, as: UInt64.self))
        return word &>> UInt64(truncatingIfNeeded: position & 7)
    }

    @inline(__always)
    mutating func skip(_ count: Int32) { position &+= Int(truncatingIfNeeded: count) }

    /// Whether exactly the bits that were there have been read, but for the filling of the last byte.
    var isWhole: Bool { position <= end && end - position < 8 }
}
