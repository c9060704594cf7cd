extension ExactCodec {
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
