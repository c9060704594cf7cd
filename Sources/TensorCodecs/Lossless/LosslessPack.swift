/// Lossless coding of several tensors together.
package enum LosslessPack {
    package struct Packed: Sendable {
        package var bytes: [UInt8]
        /// Bytes of each tensor; they add up to those of the pack.
        package var shares: [Int]
        /// How many predecessors each tensor's decoder needs: 0, 1 (`previous`) or 2 (`earlier` as well).
        package var depths: [Int]
    }

    /// What a decoder knows of a tensor before.
    package struct Place: Sendable {
        package var format: ElementFormat
        package var shape: [Int]
        /// Bytes of the predecessors, for tensors whose depth asks for them.
        package var previous: [UInt8]?
        package var earlier: [UInt8]?

        package init(format: ElementFormat, shape: [Int], previous: [UInt8]? = nil, earlier: [UInt8]? = nil) {
            self.format = format
            self.shape = shape
            self.previous = previous
            self.earlier = earlier
        }

        package var byteCount: Int { shape.reduce(1, *) * format.size }
    }

    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    package static func encode(_ tensors: [LosslessTensor]) throws(CodecError) -> Packed {
        var writer = ByteWriter()
        var packed = Packed(bytes: [], shares: [], depths: [])
        for tensor in tensors {
            let start = writer.count
            let bytes = try tensor.bytes.withRawBytes { raw throws(CodecError) in
                guard let previous = tensor.previous else {
                    return try ExactCodec.encode(raw, elementSize: tensor.format.size)
                }
                return try previous.withRawBytes { previous throws(CodecError) in
                    try ExactCodec.encode(raw, elementSize: tensor.format.size, predecessor: previous)
                }
            }
            writer.append(varint: bytes.count)
            writer.append(contentsOf: bytes)
            packed.shares.append(writer.count - start)
            packed.depths.append(tensor.previous == nil ? 0 : 1)
        }
        packed.bytes = writer.bytes
        return packed
    }

    /// - Throws: `.corrupt`.
    package static func decode(_ bytes: ArraySlice<UInt8>, _ places: [Place]) throws(CodecError) -> [[UInt8]] {
        var reader = ByteReader(bytes)
        var result: [[UInt8]] = []
        for place in places {
            let coded = try reader.readBytes(try reader.readCount(upTo: reader.remaining))
            result.append(
                try ExactCodec.decode(
                    Array(coded), count: place.byteCount, elementSize: place.format.size, predecessor: place.previous))
        }
        try reader.expectEnd()
        return result
    }
}
