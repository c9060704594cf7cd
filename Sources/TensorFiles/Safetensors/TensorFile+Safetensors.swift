package import FileSystem

extension TensorFile {
    /// Largest header the format allows, in bytes.
    static let safetensorsHeaderLimit: UInt64 = 100_000_000

    /// Opens a file that has to be safetensors: everything the reference implementation rejects is an error.
    /// - Throws: `.truncated` where the file ends before what it declares, `.malformed` for every other broken rule,
    ///   with offset and tensor.
    package static func openSafetensors(_ source: any ByteSource) throws(VarveError) -> TensorFile {
        let size = source.byteCount
        guard size >= 8 else {
            throw VarveError(.truncated, "a safetensors file has at least 8 bytes, not \(size)", file: source.name)
        }
        let headerCount = try source.bytes(at: 0, count: 8).littleEndian(UInt64.self, at: 0)
        guard headerCount <= safetensorsHeaderLimit else {
            throw VarveError(.malformed, "the header declares \(headerCount) bytes", file: source.name, offset: 0)
        }
        guard headerCount <= size - 8 else {
            throw VarveError(
                .truncated, "the header declares \(headerCount) bytes, but \(size - 8) follow", file: source.name,
                offset: 0)
        }
        let bytes = try source.bytes(at: 8, count: Int(headerCount))
        let header = try SafetensorsHeader(parsing: bytes, file: source.name, at: 8)
        let dataStart = 8 + headerCount

        let order = header.entries.indices.sorted {
            let (a, b) = (header.entries[$0], header.entries[$1])
            return (a.begin, a.end, $0) < (b.begin, b.end, $1)
        }
        var storages: [Storage] = []
        var storageOfEntry = [Int](repeating: 0, count: order.count)
        var running: UInt64 = 0
        for index in order {
            let entry = header.entries[index]
            try check(entry, beginsAt: running, dataCount: size - dataStart, file: source.name, dataStart: dataStart)
            storageOfEntry[index] = storages.count
            storages.append(
                Storage(key: entry.name, fileOffset: dataStart + entry.begin, byteCount: entry.end - entry.begin))
            running = entry.end
        }
        guard running == size - dataStart else {
            throw VarveError(
                .malformed, "\(size - dataStart - running) bytes behind the last tensor", file: source.name,
                offset: dataStart + running)
        }
        let tensors = header.entries.indices.map { index in
            let entry = header.entries[index]
            // Sizes beyond Int occur only where another one is 0.
            let shape = entry.shape.map { Int(clamping: $0) }
            return StoredTensor(
                name: entry.name, dtype: entry.dtype, shape: shape, strides: StoredTensor.rowMajorStrides(shape),
                storage: storageOfEntry[index], elementOffset: 0)
        }
        return TensorFile(
            source: source, container: .safetensors, storages: storages, tensors: tensors, metadata: header.metadata)
    }

    private static func check(
        _ entry: SafetensorsEntry, beginsAt running: UInt64, dataCount: UInt64, file: String, dataStart: UInt64
    ) throws(VarveError) {
        func broken(_ code: VarveError.Code, _ message: String) -> VarveError {
            VarveError(code, message, file: file, offset: dataStart + running, tensor: entry.name)
        }
        guard entry.begin == running, entry.end >= entry.begin else {
            throw broken(
                .malformed, "data_offsets [\(entry.begin), \(entry.end)] where the tensor before ends at \(running)")
        }
        guard entry.expectedByteCount == entry.end - entry.begin else {
            let expected = entry.expectedByteCount.map { "\($0)" } ?? "no whole number of"
            throw broken(
                .malformed,
                "\(entry.dtype.rawValue) \(entry.shape) takes \(expected) bytes, but \(entry.end - entry.begin) are declared"
            )
        }
        guard entry.end <= dataCount else {
            throw broken(.truncated, "ends at byte \(entry.end) of the data, which has \(dataCount)")
        }
    }

    /// Whether the file is meant as safetensors: it has no magic, so a header of plausible length has to begin with
    /// `{`. A file cut within its header counts, one of fewer than ten bytes never does.
    static func looksLikeSafetensors(_ source: any ByteSource) throws(VarveError) -> Bool {
        guard source.byteCount >= 10 else { return false }
        let window = try source.bytes(at: 0, count: Int(min(source.byteCount, 4096)))
        let headerCount = window.littleEndian(UInt64.self, at: 0)
        if headerCount > 0, headerCount <= source.byteCount - 8, headerCount <= safetensorsHeaderLimit {
            let text = window[8..<min(window.count, 8 + Int(headerCount))]
            return text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        }
        // Text has letters in byte 7 already, so a length below 2^40 and a brace are telling.
        return headerCount < 1 << 40 && window[8] == UInt8(ascii: "{") && window[9] == UInt8(ascii: "\"")
    }
}
