package import FileSystem

extension TensorPieces {
    /// Bytes of a piece that are put together at a time where they lie apart in the tensor.
    private static let blockBytes = 1 << 20

    /// Takes stored bytes of the tensor apart: calls `body` with the bytes of every piece that has some of them, replicas
    /// too, and where they belong in the piece's file.
    ///
    /// - Parameters:
    ///   - bytes: of the tensor, from byte `start` on.
    ///   - body: gets a buffer that is valid during the call only. What lies apart comes in blocks.
    package func scatter(
        _ bytes: UnsafeRawBufferPointer, from start: Int = 0,
        _ body: (_ file: Int, _ offset: UInt64, UnsafeRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) {
        let range = start..<start + bytes.count
        precondition(start >= 0 && range.upperBound <= byteCount)
        try forEachPiece(in: range) { (piece, map, part) throws(VarveError) in
            try Self.collect(bytes, start, piece, map, part, body)
        }
        for piece in replicas {
            let map = map(piece)
            let part = map.rank(of: range.lowerBound)..<map.rank(of: range.upperBound)
            if !part.isEmpty { try Self.collect(bytes, start, piece, map, part, body) }
        }
    }

    private static func collect(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ piece: TensorPiece, _ map: PieceMap, _ part: Range<Int>,
        _ body: (_ file: Int, _ offset: UInt64, UnsafeRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) {
        if map.isOneRun(part) {
            let first = map.position(of: part.lowerBound) - start
            let run = UnsafeRawBufferPointer(rebasing: bytes[first..<first + part.count])
            return try body(piece.file, piece.offset + UInt64(part.lowerBound), run)
        }
        let together = UnsafeMutableRawBufferPointer.allocate(byteCount: min(part.count, blockBytes), alignment: 64)
        defer { together.deallocate() }
        for first in stride(from: part.lowerBound, to: part.upperBound, by: blockBytes) {
            let block = first..<min(first + blockBytes, part.upperBound)
            map.forEachRun(in: block) { byte, position, count in
                let to = byte - first, from = position - start
                UnsafeMutableRawBufferPointer(rebasing: together[to..<to + count]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + count]))
            }
            try body(
                piece.file, piece.offset + UInt64(first), UnsafeRawBufferPointer(rebasing: together[..<block.count]))
        }
    }
}
