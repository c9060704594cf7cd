import TensorFiles

/// A block of the bytes of a file that lie in no coded tensor.
struct PlannedPayload: Sendable {
    var entry: Int
    var block: Int
    /// The runs of the file that make the block, in order.
    var ranges: [Range<UInt64>]
    var source: any ByteSource
    /// Entry of the predecessor whose block serves as prefix.
    var prefixEntry: Int?
}
