import Synchronization
package import FileSystem
import TensorFiles

/// Rebuilds one file of a step: payload into the gaps, tensors where they belong, the container's checksums redone.
///
/// The file stays under its temporary name until `finish`.
package final class FileRebuilder: Sendable {
    package let entry: Entry
    private let file: OutputFile
    /// Named where the pieces do not fit.
    private let manifestPath: String
    /// Tensors of this file by index in the manifest.
    private let tensors: [Int: TensorRecord]
    /// Whether the container has a checksum for each of its records.
    private let isZip: Bool
    /// Checksums of restored tensors, for the container: taken while their bytes are at hand.
    private let checksums = Mutex<[(range: Range<UInt64>, crc: UInt32)]>([])

    /// Bytes of the file that are payload.
    package var payloadBytes: Int { entry.payload.reduce(0) { $0 + $1.plainCount } }

    /// Creates the file and writes its payload.
    package init(
        _ entryIndex: Int, of number: Int, to path: String, decoder: ChainDecoder
    ) throws(VarveError) {
        let manifest = try decoder.step(number).manifest
        let entry = manifest.entries[entryIndex]
        var records: [Int: TensorRecord] = [:]
        for (index, tensor) in manifest.tensors.enumerated() where tensor.entry == entryIndex {
            records[index] = tensor
        }
        let file = try OutputFile(path, byteCount: entry.byteCount)
        var gaps = Gaps(
            byteCount: entry.byteCount,
            regions: records.values.map(\.fileRange))
        for block in entry.payload.indices {
            if case .constant(0) = entry.payload[block].content {
                gaps.skip(entry.payload[block].plainCount)
            } else {
                try gaps.fill(file, with: try decoder.payload(entry: entryIndex, block: block, of: number))
            }
        }
        self.entry = entry
        self.file = file
        manifestPath = try decoder.step(number).manifestPath
        self.tensors = records
        isZip = entry.byteCount < 4 ? false : try file.bytes(at: 0, count: 4) == [0x50, 0x4B, 3, 4]
    }

    /// Writes a restored tensor of this file.
    package func write(_ tensor: RestoredTensor) throws(VarveError) {
        guard let record = tensors[tensor.index] else { return }
        try file.write(tensor.bytes, at: record.fileOffset)
        guard isZip, !record.coding.isExact else { return }
        let crc = Checksum.crc32(tensor.bytes)
        checksums.withLock { $0.append((record.fileRange, crc)) }
    }

    /// The file as it stands, for reading before it is finished. What is written later can be read after
    /// `finishWrites`.
    package func opened() throws(VarveError) -> InputFile {
        try file.finishWrites()
        return try InputFile(file.temporaryPath)
    }

    /// Waits until what was written can be read in the file that was opened.
    package func finishWrites() throws(VarveError) { try file.finishWrites() }

    /// Redoes checksums, gives the file its name, mode and time.
    /// - Parameter store: is told where the restored tensors stand, for the next step.
    package func finish(keepingIn store: ScratchStore? = nil) throws(VarveError) {
        let changed = tensors.values.filter { !$0.coding.isExact }
            .map(\.fileRange)
            .sorted { $0.lowerBound < $1.lowerBound }
        if !changed.isEmpty { try reseal(changed) }
        try file.commit(sync: false)
        if let store {
            // Opened while it may be: its mode may not allow it.
            let source = try InputFile(file.path)
            for tensor in tensors.values where store.isBuiltOn(tensor) {
                store.put(
                    .tensor(tensor.identity), original: source, tensor.fileRange, hash: tensor.contentHash)
            }
        }
        try SystemCalls.setMode(file.path, entry.restoredMode)
        try SystemCalls.setModificationTime(file.path, nanoseconds: entry.modified)
    }
    /// The rebuilt file was a sound container when it was compressed; where it is none now, the archive is not what was
    /// written.
    private func reseal(_ changed: [Range<UInt64>]) throws(VarveError) {
        do throws(VarveError) {
            try ZipChecksums.reseal(file, changed: changed, known: checksums.withLock { $0 })
        } catch  where [.malformed, .truncated, .unsupported].contains(error.code) {
            throw VarveError(
                .damaged, "\(entry.path) does not come together from its parts", file: manifestPath, cause: error)
        }
    }
}
