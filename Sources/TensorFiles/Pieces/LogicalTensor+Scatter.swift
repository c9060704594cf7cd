package import FileSystem

extension LogicalTensor {
    /// Takes row-major bytes of the tensor apart: calls `body` with the bytes of every piece that has some of them, replicas
    /// too, and where they belong in the piece's file.
    ///
    /// - Parameters:
    ///   - bytes: of the tensor, from byte `start` on. What lies apart is collected first, so the buffer for it is as large
    ///     as the part of a piece.
    ///   - body: gets a buffer that is valid during the call only.
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
        let offset = piece.offset + UInt64(part.lowerBound)
        if map.isOneRun(part) {
            let first = map.position(of: part.lowerBound) - start
            try body(piece.file, offset, UnsafeRawBufferPointer(rebasing: bytes[first..<first + part.count]))
            return
        }
        let together = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count, alignment: 64)
        defer { together.deallocate() }
        map.forEachRun(in: part) { byte, position, count in
            let to = byte - part.lowerBound, from = position - start
            UnsafeMutableRawBufferPointer(rebasing: together[to..<to + count]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + count]))
        }
        try body(piece.file, offset, UnsafeRawBufferPointer(together))
    }
}
