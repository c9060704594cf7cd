package import FileSystem

extension TensorFile {
    /// A tensor that repeats its storage (stride 0) may grow to this many bytes.
    private static let expansionLimit = 1 << 30

    /// The elements of a tensor in row-major order, gathered by its strides.
    /// - Throws: `.unsupported` for a tensor that is much larger than its storage or whose elements share bytes;
    ///   `.truncated`, `.inputOutput`.
    package func contiguousBytes(of tensor: StoredTensor) throws(VarveError) -> [UInt8] {
        let layout = try layout(of: tensor)
        if layout.runCount * layout.unit == layout.byteCount {
            return try source.bytes(at: layout.fileOffset, count: layout.byteCount)
        }
        var result: [UInt8] = []
        result.reserveCapacity(layout.byteCount)
        try gather(layout, blockBytes: 1 << 20) { (block) throws(VarveError) in result.append(contentsOf: block) }
        return result
    }

    /// Calls `body` with the elements of a tensor in row-major order, block by block, without holding the tensor.
    ///
    /// A tensor whose elements lie in another order is read as a whole first, unless it is a sparse view.
    /// - Parameters:
    ///   - blockBytes: the most bytes of a block, at least 1; every block but the last has as many.
    ///   - body: gets a buffer that is valid during the call only. Not called for a tensor without elements.
    /// - Throws: as `contiguousBytes(of:)`, and what `body` throws.
    package func forEachContiguousBlock(
        of tensor: StoredTensor, blockBytes: Int = 1 << 20, _ body: (UnsafeRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) {
        precondition(blockBytes > 0)
        try gather(try layout(of: tensor), blockBytes: blockBytes, body)
    }

    private func layout(of tensor: StoredTensor) throws(VarveError) -> TensorLayout {
        let storage = storages[tensor.storage]
        guard let layout = TensorLayout(tensor, storageOffset: storage.fileOffset) else {
            throw VarveError(.unsupported, "its elements share bytes", file: source.name, tensor: tensor.name)
        }
        guard layout.byteCount <= max(Self.expansionLimit, Int(clamping: storage.byteCount)) else {
            throw VarveError(
                .unsupported, "\(layout.byteCount) bytes from a storage of \(storage.byteCount)", file: source.name,
                tensor: tensor.name)
        }
        return layout
    }

    private func gather(
        _ layout: TensorLayout, blockBytes: Int, _ body: (UnsafeRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) {
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, min(blockBytes, layout.byteCount)), alignment: 64)
        defer { block.deallocate() }
        // Many small runs are cheaper to read at once, unless far more lies between them.
        let runBytes = layout.runCount * layout.unit
        let extentBytes = layout.byteCount == 0 ? 0 : layout.extent * layout.unit
        let readsWhole = runBytes < layout.byteCount && extentBytes / 4 <= layout.byteCount
        let whole = readsWhole ? try source.bytes(at: layout.fileOffset, count: extentBytes) : []

        var filled = 0
        try layout.forEachRun { (position) throws(VarveError) in
            var done = 0
            while done < runBytes {
                let count = min(runBytes - done, block.count - filled)
                let target = UnsafeMutableRawBufferPointer(rebasing: block[filled..<filled + count])
                let start = position * layout.unit + done
                if readsWhole {
                    whole.withUnsafeBytes {
                        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
                    }
                } else {
                    try source.read(at: layout.fileOffset + UInt64(start), into: target)
                }
                done += count
                filled += count
                if filled == block.count {
                    try body(UnsafeRawBufferPointer(block))
                    filled = 0
                }
            }
        }
        if filled > 0 { try body(UnsafeRawBufferPointer(rebasing: block[..<filled])) }
    }
}
