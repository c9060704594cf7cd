package import FileSystem

/// The row-major bytes of tensors that lie in pieces, one tensor after the other: reading gathers.
package struct PieceSource: ByteSource {
    package let name: String
    package let byteCount: UInt64
    package let tensors: [LogicalTensor]
    /// First byte of each tensor.
    package let starts: [UInt64]
    private let sources: [Int: any ByteSource]

    /// What a reader of whole elements may rely on.
    private static let alignment: UInt64 = 64
    /// Bytes of a piece that are read at a time where they lie apart in the tensor: the buffer for them is no larger.
    private static let blockBytes = 1 << 20

    /// - Parameters:
    ///   - name: what to call it in errors that concern no single file.
    ///   - sources: the files that the pieces name, by number.
    /// - Throws: `.truncated` with file and tensor where a piece ends beyond its file.
    package init(name: String, _ tensors: [LogicalTensor], in sources: [Int: any ByteSource]) throws(VarveError) {
        var (starts, end): ([UInt64], UInt64) = ([], 0)
        for tensor in tensors {
            for piece in tensor.layout.all {
                guard let source = sources[piece.file] else {
                    throw VarveError(.malformed, "a piece in a file that is not there", file: name, tensor: tensor.name)
                }
                let count = UInt64(tensor.layout.range(piece).count)
                guard piece.offset <= source.byteCount, count <= source.byteCount - piece.offset else {
                    throw VarveError(
                        .truncated, "a piece of \(count) bytes, but the file has \(source.byteCount)",
                        file: source.name,
                        offset: piece.offset, tensor: tensor.name)
                }
            }
            starts.append(end)
            let (next, overflow) = end.addingReportingOverflow(UInt64(tensor.byteCount) + Self.alignment - 1)
            guard !overflow, next < 1 << 62 else {
                throw VarveError(.malformed, "impossibly large tensors", file: name, tensor: tensor.name)
            }
            end = next / Self.alignment * Self.alignment
        }
        self.name = name
        self.tensors = tensors
        self.starts = starts
        self.sources = sources
        byteCount = end
    }

    /// Where the bytes of a tensor are.
    package func range(_ index: Int) -> Range<UInt64> {
        starts[index]..<starts[index] + UInt64(tensors[index].byteCount)
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        try read(at: offset, into: buffer) { (source, offset, part) throws(VarveError) in
            try source.read(at: offset, into: part)
        }
    }

    package func readOnce(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        try read(at: offset, into: buffer) { (source, offset, part) throws(VarveError) in
            try source.readOnce(at: offset, into: part)
        }
    }

    private typealias Read = (any ByteSource, UInt64, UnsafeMutableRawBufferPointer) throws(VarveError) -> Void

    private func read(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, by read: Read
    ) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            throw VarveError(.truncated, "\(buffer.count) bytes wanted of \(byteCount)", file: name, offset: offset)
        }
        var done = 0
        while done < buffer.count {
            let position = offset + UInt64(done)
            let index = tensor(at: position)
            let start = Int(position - starts[index])
            let left = buffer.count - done
            let inside = min(max(0, tensors[index].byteCount - start), left)
            if inside > 0 {
                try gather(
                    tensors[index], start..<start + inside,
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + inside]), by: read)
                done += inside
            } else {
                let next = index + 1 < starts.count ? starts[index + 1] : byteCount
                let padding = min(Int(next - position), left)
                UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + padding]).initializeMemory(
                    as: UInt8.self, repeating: 0)
                done += padding
            }
        }
    }

    package func prefetch(_ range: Range<UInt64>) {
        guard !range.isEmpty, range.upperBound <= byteCount else { return }
        let index = tensor(at: range.lowerBound)
        let start = Int(range.lowerBound - starts[index])
        let end = min(start + range.count, tensors[index].byteCount)
        guard start < end else { return }
        do throws(VarveError) {
            try tensors[index].layout.forEachPiece(in: start..<end) { (piece, _, part) throws(VarveError) in
                sources[piece.file]?.prefetch(
                    piece.offset + UInt64(part.lowerBound)..<piece.offset + UInt64(part.upperBound))
            }
        } catch {}
    }

    /// The last tensor that begins at or before a byte and, of those that begin there, has bytes.
    private func tensor(at position: UInt64) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    private func gather(
        _ tensor: LogicalTensor, _ bytes: Range<Int>, into buffer: UnsafeMutableRawBufferPointer, by read: Read
    ) throws(VarveError) {
        do throws(VarveError) {
            try tensor.layout.forEachPiece(in: bytes) { (piece, map, part) throws(VarveError) in
                guard let source = sources[piece.file] else { return }
                let offset = piece.offset
                if map.isOneRun(part) {
                    let start = map.position(of: part.lowerBound) - bytes.lowerBound
                    try read(
                        source, offset + UInt64(part.lowerBound),
                        UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + part.count]))
                    return
                }
                for start in stride(from: part.lowerBound, to: part.upperBound, by: Self.blockBytes) {
                    let block = start..<min(start + Self.blockBytes, part.upperBound)
                    let apart = try source.bytes(at: offset + UInt64(block.lowerBound), count: block.count)
                    apart.withUnsafeBytes { apart in
                        map.forEachRun(in: block) { byte, position, count in
                            let from = byte - block.lowerBound, to = position - bytes.lowerBound
                            UnsafeMutableRawBufferPointer(rebasing: buffer[to..<to + count]).copyMemory(
                                from: UnsafeRawBufferPointer(rebasing: apart[from..<from + count]))
                        }
                    }
                }
            }
        } catch {
            throw error.at(tensor: tensor.name)
        }
    }
}
