/// A part of a file whose first and last bytes are read at once, and written at once. The directory of a zip file with one
/// tensor lies there, which its reader otherwise takes in some fifteen small reads, for each of a hundred thousand pieces.
package struct EdgeSource: ByteSource {
    private let base: SliceSource
    private var head: [UInt8]
    /// Empty where the head is all of the part.
    private var tail: [UInt8] = []
    private var isHeadChanged = false
    private var isTailChanged = false

    private static let edge: UInt64 = 4096

    package init(_ base: SliceSource) throws(VarveError) {
        self.base = base
        guard base.byteCount > 2 * Self.edge else {
            head = try base.bytes(at: 0, count: Int(base.byteCount))
            return
        }
        head = try base.bytes(at: 0, count: Int(Self.edge))
        tail = try base.bytes(at: base.byteCount - Self.edge, count: Int(Self.edge))
    }

    package var name: String { base.name }
    package var byteCount: UInt64 { base.byteCount }

    private var tailStart: UInt64 { byteCount - UInt64(tail.count) }

    /// What of a range an edge that begins at `start` has: where in the range, and where in the edge.
    private static func shared(
        _ offset: UInt64, _ count: Int, _ start: UInt64, _ edge: [UInt8]
    ) -> (inRange: Range<Int>, inEdge: Range<Int>)? {
        let first = max(offset, start), last = min(offset + UInt64(count), start + UInt64(edge.count))
        guard first < last else { return nil }
        return (
            Int(first - offset)..<Int(last - offset), Int(first - start)..<Int(last - start)
        )
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            return try base.read(at: offset, into: buffer)
        }
        let inHead = Self.shared(offset, buffer.count, 0, head)
        let inTail = Self.shared(offset, buffer.count, tailStart, tail)
        if (inHead?.inRange.count ?? 0) + (inTail?.inRange.count ?? 0) < buffer.count {
            try base.read(at: offset, into: buffer)
        }
        for (place, edge) in [(inHead, head), (inTail, tail)] {
            guard let place else { continue }
            UnsafeMutableRawBufferPointer(rebasing: buffer[place.inRange]).copyBytes(from: edge[place.inEdge])
        }
    }

    package func prefetch(_ range: Range<UInt64>) { base.prefetch(range) }

    /// Replaces bytes: in the edges, which go to the file with `flush`, and what lies between them in the file at once.
    package mutating func write(_ bytes: [UInt8], at offset: UInt64, of file: OutputFile) throws(VarveError) {
        let inHead = Self.shared(offset, bytes.count, 0, head)
        let inTail = Self.shared(offset, bytes.count, tailStart, tail)
        if let inHead {
            head.replaceSubrange(inHead.inEdge, with: bytes[inHead.inRange])
            isHeadChanged = true
        }
        if let inTail {
            tail.replaceSubrange(inTail.inEdge, with: bytes[inTail.inRange])
            isTailChanged = true
        }
        if (inHead?.inRange.count ?? 0) + (inTail?.inRange.count ?? 0) < bytes.count {
            try file.write(bytes, at: base.start + offset)
        }
    }

    /// Writes the edges that changed to the file that this is a part of.
    package mutating func flush(to file: OutputFile) throws(VarveError) {
        if isHeadChanged { try file.write(head, at: base.start) }
        if isTailChanged { try file.write(tail, at: base.start + tailStart) }
        (isHeadChanged, isTailChanged) = (false, false)
    }
}
