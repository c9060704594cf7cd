/// The codebooks of a quantized group together. Layout:
///
/// 1. `ByteStream`: size of each codebook, 0 to 255;
/// 2. `ByteStream`: shift of each codebook that is not empty, 0 to 31;
/// 3. `ByteStream`: one length per centre, 0 to 33;
/// 4. bits: per centre the length - 1 bits below the top one of its number (none for lengths 0 and 1), the first
///    centre's in the lowest bits of the first byte, filled up to a byte with zeros.
///
/// A centre's key is `CodebookKeys.key` >> shift, exact. A number is, for the first centre of a codebook, the zigzag of
/// its key less the first key of the last codebook before it that was not empty (0 where there is none); for the others
/// key less the key before, less one. Its length is its bit length.
enum CodebookBlock {
    /// The longest number: a zigzag of the difference of two 32-bit keys.
    static let lengthLimit = 33
}
