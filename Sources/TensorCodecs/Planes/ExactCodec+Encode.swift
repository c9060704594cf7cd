extension ExactCodec {
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
}
