package import FileSystem

/// A block of the bytes of a file that lie in no coded tensor.
package struct PlannedPayload: Sendable {
    /// Another block of the same step, that may have the same bytes.
    package struct Twin: Sendable {
        package var entry: Int
        package var block: Int
        package var ranges: [Range<UInt64>]
        package var source: any ByteSource

        package init(
            entry: Int, block: Int, ranges: [Range<UInt64>], source: any ByteSource
        ) {
            self.entry = entry
            self.block = block
            self.ranges = ranges
            self.source = source
        }

        package func read() throws(VarveError) -> [UInt8] { try PlannedPayload.read(ranges, of: source) }
    }

    package var entry: Int
    package var block: Int
    /// The runs of the file that make the block, in order.
    package var ranges: [Range<UInt64>]
    package var source: any ByteSource
    /// Entry of the predecessor whose block serves as prefix.
    package var prefixEntry: Int?
    /// The first block of the step that may have the same bytes; it has no twin itself.
    package var twin: Twin?

    package init(
        entry: Int, block: Int, ranges: [Range<UInt64>], source: any ByteSource, prefixEntry: Int? = nil,
        twin: Twin? = nil
    ) {
        self.entry = entry
        self.block = block
        self.ranges = ranges
        self.source = source
        self.prefixEntry = prefixEntry
        self.twin = twin
    }

    package var byteCount: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Whether all of it is zero and need not be read.
    package var isHole: Bool { !ranges.isEmpty && ranges.allSatisfy { source.isHole($0) } }

    package func read() throws(VarveError) -> [UInt8] { try Self.read(ranges, of: source) }

    private static func read(_ ranges: [Range<UInt64>], of source: any ByteSource) throws(VarveError) -> [UInt8] {
        if ranges.count == 1 { return try source.bytes(at: ranges[0].lowerBound, count: ranges[0].count) }
        var plain: [UInt8] = []
        plain.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
        for range in ranges { plain += try source.bytes(at: range.lowerBound, count: range.count) }
        return plain
    }
}
