/// Logarithms in quarter octaves with 16 fraction bits, 4 log2(x) * 2^16, in integer arithmetic.
enum QuarterOctaves {
    static let one = 1 << FixedLog2.fractionBits

    /// The logarithm of a positive, normal, finite number.
    static func logarithm(_ value: Double) -> Int {
        let significand = value.significandBitPattern | 1 << 52
        let fraction = Int(FixedLog2.value(significand)) - 52 * one
        return 4 * (Int(value.exponent) * one + fraction)
    }

    /// 2^(exponent / 4).
    static func power(_ exponent: Int32) -> Double {
        Double(sign: .plus, exponent: Int(exponent >> 2), significand: roots[Int(exponent & 3)])
    }

    private static let roots: [Double] = [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429]

    /// The nearest whole number of quarter octaves.
    @inline(__always)
    static func rounded(_ logarithm: Int) -> Int { (logarithm + one / 2) >> FixedLog2.fractionBits }

    /// The logarithm of a positive finite Float to a sixth of a hundredth of an octave, by a table of 256 mantissas.
    @inline(__always)
    static func tableLogarithm(_ value: Float) -> Int {
        let bits = Int(value.bitPattern)
        guard bits >= 0x80_0000 else { return logarithm(Double(value)) }
        return ((bits >> 23) - 127) * 4 * one + mantissas[(bits >> 15) & 0xff]
    }

    /// The same of a positive, normal, finite Double.
    @inline(__always)
    static func tableLogarithm(_ value: Double) -> Int {
        let bits = Int(value.bitPattern)
        return ((bits >> 52) - 1023) * 4 * one + mantissas[(bits >> 44) & 0xff]
    }

    /// Logarithms of the middles of 256 steps from 1 to 2.
    private static let mantissas: [Int] = (0..<256).map { logarithm(1 + (Double($0) + 0.5) / 256) }
}
