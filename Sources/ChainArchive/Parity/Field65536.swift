/// Arithmetic of the field with 65,536 elements, polynomials over bits modulo x^16 + x^12 + x^3 + x + 1. The powers of x are
/// all of them but 0.
enum Field65536 {
    /// The polynomial without its highest term.
    private static let polynomial: UInt16 = 0x100B

    /// How many powers of a generator there are before they come again.
    static let order = 65535

    static let x: UInt16 = 2

    static func product(_ first: UInt16, _ second: UInt16) -> UInt16 {
        var (factor, bits, sum) = (first, second, UInt16(0))
        while bits != 0 {
            if bits & 1 != 0 { sum ^= factor }
            factor = (factor << 1) ^ (factor & 0x8000 == 0 ? 0 : polynomial)
            bits >>= 1
        }
        return sum
    }

    /// Without a branch, so that a loop of it becomes one of vectors.
    @inline(__always) static func dividedByX(_ value: UInt16) -> UInt16 {
        (value >> 1) ^ ((0 &- (value & 1)) & (polynomial >> 1 | 0x8000))
    }

    static func power(_ base: UInt16, _ exponent: Int) -> UInt16 {
        var (square, left, result) = (base, exponent, UInt16(1))
        while left > 0 {
            if left & 1 != 0 { result = product(result, square) }
            square = product(square, square)
            left >>= 1
        }
        return result
    }

    /// The only one: squaring permutes the elements, and sixteen times is none.
    static func squareRoot(_ value: UInt16) -> UInt16 {
        (0..<15).reduce(value) { root, _ in product(root, root) }
    }

    /// Multiplies many elements by one.
    struct Multiplier {
        private let low: [UInt16]
        private let high: [UInt16]

        init(_ factor: UInt16) {
            low = (0..<256).map { product($0, factor) }
            high = (0..<256).map { product($0 << 8, factor) }
        }

        func callAsFunction(_ value: UInt16) -> UInt16 { low[Int(value & 0xFF)] ^ high[Int(value >> 8)] }
    }

    /// Exponents of a generator.
    struct Logarithms {
        private var exponents = [UInt16](repeating: 0, count: 1 << 16)

        init(base: UInt16) {
            let next = Multiplier(base)
            var value: UInt16 = 1
            for exponent in 0..<order {
                exponents[Int(value)] = UInt16(exponent)
                value = next(value)
            }
        }

        /// The exponent of a quotient of elements that are not 0.
        func quotient(_ dividend: UInt16, by divisor: UInt16) -> Int {
            let difference = Int(exponents[Int(dividend)]) - Int(exponents[Int(divisor)])
            return difference < 0 ? difference + order : difference
        }
    }
}
