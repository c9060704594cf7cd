/// Reads the bit fields a `BitSink` packed. Reading past the end gives zeros and shows in `isWhole`.
struct BitSource {
    private let start: UnsafeRawPointer
    private let end: Int
    private var position = 0

    /// - Parameters:
    ///   - start: the bits, with 8 bytes behind them that may be read.
    ///   - byteCount: bytes that hold bits.
    init(_ start: UnsafeRawPointer, byteCount: Int) {
        self.start = start
        end = byteCount * 8
    }

    /// The next 56 bits or more, in the low bits.
    @inline(__always)
    func peek() -> UInt64 {
        let place = min(position, end)
        let word = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: place &>> 3, as: UInt64.self))
        return word &>> UInt64(truncatingIfNeeded: place & 7)
    }

    @inline(__always)
    mutating func skip(_ count: Int32) { position &+= Int(truncatingIfNeeded: count) }

    /// Whether exactly the bits that were there have been read, but for the filling of the last byte.
    var isWhole: Bool { position <= end && end - position < 8 }
}
