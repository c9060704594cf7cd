/// Powers of two in sixteenths of an octave, from a table of constants: no library function whose last bit may differ.
enum PowerTable {
    /// 2^(k / 16), nearest Doubles.
    private static let sixteenths: [Double] = [
        0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
        0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
        0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
        0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0,
    ]

    /// 2^(exponent / 16); exponents beyond +-16000 count as those.
    static func sixteenth(_ exponent: Int) -> Double {
        let exponent = max(-16_000, min(16_000, exponent))
        return sixteenths[exponent & 15] * two(exponent >> 4)
    }

    /// 2^exponent for -1022...1023, exactly.
    static func two(_ exponent: Int) -> Double {
        precondition((-1022...1023).contains(exponent), "a power of two beyond the normal range")
        return Double(bitPattern: UInt64(exponent + 1023) << 52)
    }

    /// floor(log2(value)) for finite values above 0; -1100 for 0.
    static func exponent(_ value: Double) -> Int {
        value > 0 ? Int(value.exponent) : -1100
    }

    /// log2(value) in units of 1 / `parts` octaves, rounded down, by squaring the mantissa: the same everywhere.
    /// `parts` is a power of two up to 64; -1100 octaves for 0.
    static func log2(_ value: Double, parts: Int) -> Int {
        guard value > 0, value.isFinite else { return -1100 * parts }
        var mantissa = value.significand
        var result = Int(value.exponent), left = parts
        while left > 1 {
            mantissa *= mantissa
            result *= 2
            if mantissa >= 2 {
                mantissa /= 2
                result += 1
            }
            left /= 2
        }
        return result
    }
}
