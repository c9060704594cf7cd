/// An array of indices, most of them zero, in one of four layouts. Layout: kind (u8), then
///
/// | kind | follows |
/// |---|---|
/// | 0 empty | nothing: all zero |
/// | 1 dense | `ValueStream` of every element, bound alphabet + 1 |
/// | 2 joint | shift (u8), varint values, varint tokens, `ByteStream` of tokens, low bits |
/// | 3 split | the same, then `ValueStream` of value - 1, bound alphabet |
///
/// The low bits are shift bits per value, the first in the lowest bits, filled up to a byte. Zeros after the last value
/// are not coded. `RunTokens` says what tokens mean.
enum IndexStream {
    enum Kind: UInt8 {
        case empty = 0, dense = 1, joint = 2, split = 3
    }
}

/// How runs of zeros and values become tokens of one byte.
///
/// A run is shifted right by `shift`, its low bits lie beside the tokens. Below `classes` the shifted run is a token's
/// class; longer runs are led by continuation tokens of `classes << shift` zeros each. A joint token is
/// class * alphabet + value - 1; a split token is the class alone, with the values in a stream of their own.
/// The continuation is the first token no class uses.
struct RunTokens {
    /// Whether tokens hold values too.
    let joint: Bool
    let shift: Int
    /// Values per class: the alphabet of joint tokens, else 1.
    let width: Int
    let classes: Int

    static let shiftLimit = 24
    /// Classes of split tokens.
    private static let splitClasses = 128

    init(joint: Bool, shift: Int, alphabet: Int) {
        self.joint = joint
        self.shift = shift
        width = joint ? alphabet : 1
        classes = joint ? 255 / alphabet : Self.splitClasses
    }

    /// Joint tokens need a few classes to be of use.
    static func canJoin(_ alphabet: Int) -> Bool { alphabet <= 63 }

    var continuation: UInt8 { UInt8(classes * width) }
    /// Zeros a continuation stands for.
    var stride: Int { classes << shift }
}
