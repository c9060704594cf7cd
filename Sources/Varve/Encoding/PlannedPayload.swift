import TensorFiles

/// A block of the bytes of a file that lie in no coded tensor.
struct PlannedPayload: Sendable {
    /// Another block of the same step, that may have the same bytes.
    struct Twin: Sendable {
        var entry: Int
        var block: Int
        var ranges: [Range<UInt64>]
        var source: any ByteSource

        func read() throws(VarveError) -> [UInt8] { try PlannedPayload.read(ranges, of: source) }
    }

    var entry: Int
    var block: Int
    /// The runs of the file that make the block, in order.
    var ranges: [Range<UInt64>]
    var source: any ByteSource
    /// Entry of the predecessor whose block serves as prefix.
    var prefixEntry: Int?
    /// The first block of the step that may have the same bytes; it has no twin itself.
    var twin: Twin?

    var byteCount: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Whether all of it is zero and need not be read.
    var isHole: Bool { !ranges.isEmpty && ranges.allSatisfy { source.isHole($0) } }

    func read() throws(VarveError) -> [UInt8] { try Self.read(ranges, of: source) }

    private static func read(_ ranges: [Range<UInt64>], of source: any ByteSource) throws(VarveError) -> [UInt8] {
        if ranges.count == 1 { return try source.bytes(at: ranges[0].lowerBound, count: ranges[0].count) }
        var plain: [UInt8] = []
        plain.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
        for range in ranges { plain += try source.bytes(at: range.lowerBound, count: range.count) }
        return plain
    }
}
