/// How the lossless coder reads a tensor's bytes.
package enum ElementFormat: Sendable, Hashable {
    case float(FloatFormat)
    /// Eight bits: a sign, exponent bits, mantissa bits.
    case smallFloat
    /// Integers, and everything whose values mean nothing to the coder: words of 1, 2, 4 or 8 bytes.
    case word(bytes: Int)

    /// Bytes per element.
    package var size: Int {
        switch self {
        case .float(let format): format.elementSize
        case .smallFloat: 1
        case .word(let bytes): bytes
        }
    }
}
