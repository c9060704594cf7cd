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

    /// Encodes tensor bytes.
    /// - Parameters:
    ///   - elementSize: 1, 2, 4, 8 or 16; a remainder that fills no element is kept too.
    ///   - predecessor: bytes of the same length that the decoder will have.
    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    package static func encode(
        _ bytes: UnsafeRawBufferPointer, elementSize: Int, predecessor: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) -> [UInt8] {
        try check(bytes.count, elementSize: elementSize, predecessor: predecessor)
        var encoder = ExactEncoder(elementSize: elementSize)
        for start in stride(from: 0, to: bytes.count, by: blockSize) {
            let range = start..<min(start + blockSize, bytes.count)
            try encoder.append(
                UnsafeRawBufferPointer(rebasing: bytes[range]),
                predecessor: predecessor.map { UnsafeRawBufferPointer(rebasing: $0[range]) })
        }
        return encoder.finish()
    }

    /// Decodes what `encode` made into `output`, whose length must be the original's.
    /// - Throws: `.corrupt` for damaged bytes (`output` may then hold anything), `.invalidArgument`.
    package static func decode(
        _ bytes: ArraySlice<UInt8>, into output: UnsafeMutableRawBufferPointer, elementSize: Int,
        predecessor: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) {
        try check(output.count, elementSize: elementSize, predecessor: predecessor)
        var reader = ByteReader(bytes)
        var position = 0
        while position < output.count {
            let head = try reader.readVarint()
            guard let kind = RecordKind(rawValue: head & 3) else { throw reader.corrupt("unknown kind of a record") }
            if kind == .coded {
                let range = position..<min(position + blockSize, output.count)
                try readBlock(
                    head >> 2, UnsafeMutableRawBufferPointer(rebasing: output[range]), elementSize,
                    predecessor.map { UnsafeRawBufferPointer(rebasing: $0[range]) }, &reader)
                position = range.upperBound
                continue
            }
            let left = (output.count - position + blockSize - 1) / blockSize
            guard head >> 2 >= 1, head >> 2 <= UInt64(left) else {
                throw reader.corrupt("\(head >> 2) blocks of \(left)")
            }
            let range = position..<min(position + Int(head >> 2) * blockSize, output.count)
            let target = UnsafeMutableRawBufferPointer(rebasing: output[range])
            if kind == .raw {
                target.copyBytes(from: try reader.readBytes(range.count))
            } else {
                guard let predecessor else { throw reader.corrupt("blocks of a predecessor that is not there") }
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: predecessor[range]))
            }
            position = range.upperBound
        }
        try reader.expectEnd()
    }

    package static func decode(
        _ bytes: [UInt8], into output: UnsafeMutableRawBufferPointer, elementSize: Int,
        predecessor: UnsafeRawBufferPointer? = nil
    ) throws(CodecError) {
        try decode(bytes[...], into: output, elementSize: elementSize, predecessor: predecessor)
    }

    private static func readBlock(
        _ code: UInt64, _ block: UnsafeMutableRawBufferPointer, _ elementSize: Int,
        _ predecessor: UnsafeRawBufferPointer?,
        _ reader: inout ByteReader
    ) throws(CodecError) {
        guard let transform = Transform(rawValue: code) else { throw reader.corrupt("unknown transform \(code)") }
        let count = block.count / elementSize
        let whole = count * elementSize
        for number in 0..<elementSize where count > 0 {
            let plane = try ByteStream.read(count, from: &reader)
            plane.withUnsafeBufferPointer { ExactKernel.merge($0, number: number, size: elementSize, to: block) }
        }
        UnsafeMutableRawBufferPointer(rebasing: block[whole...]).copyBytes(
            from: try reader.readBytes(block.count - whole))
        guard transform != .plain else { return }
        guard let predecessor else { throw reader.corrupt("a difference to a predecessor that is not there") }
        ExactKernel.restore(
            transform, UnsafeMutableRawBufferPointer(rebasing: block[..<whole]),
            UnsafeRawBufferPointer(rebasing: predecessor[..<whole]), size: elementSize)
    }
}
