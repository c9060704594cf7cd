/// Lossless coding of several tensors together. `Docs/format-lossless.md` describes every byte.
package enum LosslessGroup {
    package struct Packed: Sendable {
        package var bytes: [UInt8]
        /// Bytes of each tensor; they add up to those of the lossless group.
        package var shares: [Int]
        /// How many predecessors each tensor's decoder needs: 0, 1 (`previous`) or 2 (`earlier` as well).
        package var depths: [Int]
    }

    /// What a decoder knows of a tensor before.
    package struct Member: Sendable {
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

    /// Codes tensors; each by what is smallest on a sample of it, all of them together in no more than their own bytes
    /// and some 20 for each.
    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    package static func encode(_ tensors: [LosslessTensor]) throws(CodecError) -> Packed {
        try LosslessEncoder.encode(tensors)
    }

    /// The tensors' bytes. The caller has made sure that there is memory for them.
    /// - Throws: `.corrupt`; `.invalidArgument` for predecessors of other lengths.
    package static func decode(_ bytes: ArraySlice<UInt8>, _ members: [Member]) throws(CodecError) -> [[UInt8]] {
        var decoder = LosslessDecoder(members)
        return try decoder.decode(bytes)
    }
}
