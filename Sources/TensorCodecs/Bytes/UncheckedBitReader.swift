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
