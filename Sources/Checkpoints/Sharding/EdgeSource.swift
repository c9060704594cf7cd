import FileSystem

/// A part of a file whose first and last bytes are read at once. The directory of a torch file with one tensor lies there, which
/// its reader otherwise takes in some fifteen small reads, for each of a hundred thousand pieces.
struct EdgeSource: ByteSource {
    private let base: SliceSource
    private let head: [UInt8]
    private let tail: [UInt8]

    private static let edge: UInt64 = 4096

    init(_ base: SliceSource) throws(VarveError) {
        let count = min(base.byteCount, Self.edge)
        self.base = base
        head = try base.bytes(at: 0, count: Int(count))
        tail = count < base.byteCount ? try base.bytes(at: base.byteCount - count, count: Int(count)) : head
    }

    var name: String { base.name }
    var byteCount: UInt64 { base.byteCount }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        let count = UInt64(buffer.count), tailStart = byteCount - UInt64(tail.count)
        guard offset <= byteCount, count <= byteCount - offset else { return try base.read(at: offset, into: buffer) }
        if offset + count <= UInt64(head.count) {
            buffer.copyBytes(from: head[Int(offset)..<Int(offset + count)])
        } else if offset >= tailStart {
            let start = Int(offset - tailStart)
            buffer.copyBytes(from: tail[start..<start + buffer.count])
        } else {
            try base.read(at: offset, into: buffer)
        }
    }

    func prefetch(_ range: Range<UInt64>) { base.prefetch(range) }
}
