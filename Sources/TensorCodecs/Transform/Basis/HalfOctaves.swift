/// Energies as integers: 2 log2, rounded, found by comparisons.
enum HalfOctaves {
    /// How far below the largest energy the smallest are taken to be.
    static let range: Int32 = 60

    /// 2 log2(value * 2^exponent) to the nearest; `value` finite and above zero.
    static func of(_ value: Double, exponent: Int) -> Int32 {
        let significand = value.significand
        // 2^(1/4) and 2^(3/4)
        let part = significand < 1.189207115002721 ? 0 : significand < 1.681792830507429 ? 1 : 2
        return Int32(clamping: 2 * (Int(value.exponent) + exponent) + part)
    }

    /// Of every energy, in units of 2^exponent, none lower than `range` below the largest.
    static func of(_ values: [Double], exponent: Int) -> [Int32] {
        let largest = values.max() ?? 0
        guard largest > 0 else { return values.map { _ in 0 } }
        let top = of(largest, exponent: exponent)
        let floor = Int32(clamping: Int(top) - Int(range))
        return values.map { $0 > 0 ? max(floor, of($0, exponent: exponent)) : floor }
    }
}
