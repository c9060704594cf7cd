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
