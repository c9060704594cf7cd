/// Base-2 logarithms in integer arithmetic, so that choices an encoder makes by them are the same on every CPU.
enum FixedLog2 {
    /// Fraction bits of the results.
    static let fractionBits = 16
    /// One bit of code length.
    static let one = UInt64(1) << UInt64(fractionBits)

    /// log2(n) * 2^16, rounded down; 0 for n below 2.
    static func value(_ n: UInt64) -> UInt64 {
        guard n > 1 else { return 0 }
        let whole = UInt64(63 - n.leadingZeroBitCount)
        // Mantissa in 1..<2 with 31 fraction bits; squaring it doubles its logarithm, a carry is the next bit.
        var mantissa = whole > 31 ? n >> (whole - 31) : n << (31 - whole)
        var result = whole
        for _ in 0..<fractionBits {
            mantissa = (mantissa * mantissa) >> 31
            result <<= 1
            if mantissa >= 1 << 32 {
                mantissa >>= 1
                result |= 1
            }
        }
        return result
    }
}

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
