/// Logarithms for code lengths, in 1/65536 bits, by table: encoders ask for many.
enum CodeLength {
    /// log2 of 0 (taken as 0) to 2^14.
    private static let table: [UInt32] = (0...UInt64(1 << 14)).map { UInt32(FixedLog2.value($0)) }

    /// log2(n) to about 2^-13; 0 for n below 2.
    @inline(__always)
    static func log2(_ n: Int) -> UInt64 {
        guard n > 1 << 14 else { return UInt64(table[n]) }
        let shift = 50 - n.leadingZeroBitCount
        return UInt64(table[n >> shift]) &+ UInt64(shift) &<< UInt64(FixedLog2.fractionBits)
    }

    /// n * log2(n).
    @inline(__always)
    static func countLog(_ n: Int) -> UInt64 { UInt64(n) &* log2(n) }

    /// Length of a symbol with that frequency of 2^14.
    static func symbol(_ frequency: Int) -> UInt64 {
        UInt64(14 << FixedLog2.fractionBits) - UInt64(table[frequency])
    }
}
