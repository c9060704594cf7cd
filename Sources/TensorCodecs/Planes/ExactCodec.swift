/// Lossless coding of tensor bytes: blocks of 1 MiB, byte planes, an entropy stage per plane; against a predecessor
/// blocks that did not change cost next to nothing.
///
/// The encoded bytes are records until all blocks are there. A record starts with a varint, kind | number << 2:
///
/// | kind | number | follows |
/// |---|---|---|
/// | 0 same | blocks (1...) equal to the predecessor's | nothing |
/// | 1 raw | blocks (1...) | their bytes |
/// | 2 coded | `Transform` of one block | its planes |
///
/// The planes of a coded block: per byte of an element, lowest first, a `ByteStream`; then the bytes that fill no
/// element, as they are.
///
/// Never longer than the input by more than 16 bytes.
package enum ExactCodec {
    /// Bytes per block, a multiple of every element size; the last block may be shorter.
    static let blockSize = 1 << 20

    enum RecordKind: UInt64 {
        case same = 0, raw = 1, coded = 2
    }

    /// What a block's planes are made from.
    enum Transform: UInt64, CaseIterable {
        /// The elements themselves.
        case plain = 0
        /// Element XOR predecessor.
        case xor = 1
        /// Zigzag of the wrapping integer difference element - predecessor, in words of at most 8 bytes.
        case difference = 2
    }

    /// - Throws: `.invalidArgument` unless the element size is 1, 2, 4, 8 or 16 and the predecessor, if any, is
    ///   as long.
    static func check(_ count: Int, elementSize: Int, predecessor: UnsafeRawBufferPointer?) throws(CodecError) {
        guard [1, 2, 4, 8, 16].contains(elementSize) else {
            throw CodecError(.invalidArgument, "elements of \(elementSize) bytes")
        }
        guard predecessor.map({ $0.count == count }) ?? true else {
            throw CodecError(.invalidArgument, "a predecessor of another length")
        }
    }
}
