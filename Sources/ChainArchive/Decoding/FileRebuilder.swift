import Synchronization
package import FileSystem
import TensorFiles

/// Rebuilds one file of a step: payload into the gaps, tensors where they belong, the container's checksums redone.
///
/// The file stays under its temporary name until `finish`. A step may have more files than a process has descriptors, so
/// they are not all kept open.
package final class FileRebuilder: Sendable {
    package let entry: Entry
    private let file: OutputFile
    /// Named where the parts do not fit.
    private let manifestPath: String
    /// Bytes of tensors that are not the original's.
    private let changed: [Range<UInt64>]
    /// Whether there may be a checksum for each record of a zip file.
    private let hasChecksums: Bool
    /// Checksums of restored bytes, for the container: taken while they are at hand.
    private let checksums = Mutex<[(range: Range<UInt64>, crc: UInt32)]>([])

    /// Bytes of the file that are payload.
    package var payloadBytes: Int { entry.payload.reduce(0) { $0 + $1.plainCount } }

    /// Creates the file and writes its payload.
    /// - Parameter regions: `StepManifest.tensorRanges` of the file.
    package init(
        _ entryIndex: Int, of number: Int, to path: String, regions: [(range: Range<UInt64>, tensor: Int)],
        decoder: ChainDecoder
    ) throws(VarveError) {
        let step = try decoder.step(number)
        let entry = step.manifest.entries[entryIndex]
        let file = try OutputFile(path, byteCount: entry.byteCount, isParkable: true)
        var gaps = Gaps(byteCount: entry.byteCount, regions: regions.map(\.range))
        for block in entry.payload.indices {
            if case .constant(0) = entry.payload[block].content {
                gaps.skip(entry.payload[block].plainCount)
            } else {
                try gaps.fill(file, with: try decoder.payload(entry: entryIndex, block: block, of: number))
            }
        }
        self.entry = entry
        self.file = file
        manifestPath = step.manifestPath
        changed = regions.filter { !step.manifest.tensors[$0.tensor].isOriginal }.map(\.range)
        let isZip = try ZipChecksums.isZip(file)
        hasChecksums = !changed.isEmpty && (isZip || !entry.containers.isEmpty)
    }

    /// Writes restored bytes of a tensor.
    /// - Parameter isExact: whether they are the original's.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, isExact: Bool) throws(VarveError) {
        try file.write(bytes, at: offset)
        guard hasChecksums, !isExact else { return }
        let crc = Checksum.crc32(bytes)
        checksums.withLock { $0.append((offset..<offset + UInt64(bytes.count), crc)) }
    }

    /// The file as it stands, for reading before it is complete. What is written later is another file's content.
    func opened() throws(VarveError) -> InputFile {
        try file.finishWrites()
        return try InputFile(file.temporaryPath)
    }

    /// Redoes checksums, gives the file its name and its time. It has its last time then, so that it is the same file for
    /// whoever opens it again.
    package func complete() throws(VarveError) {
        if hasChecksums { try reseal() }
        try file.commit(sync: false)
        try SystemCalls.setModificationTime(file.path, nanoseconds: entry.modified)
    }

    /// The completed file. Its own mode may not allow to open it, now or again, so this comes before `setMode`.
    /// - Parameter isReplaced: whether another file gets its name soon.
    func reopened(isReplaced: Bool) throws(VarveError) -> InputFile {
        try InputFile(file.path, staysOpen: isReplaced || entry.restoredMode & 0o400 == 0)
    }

    /// Gives the completed file its mode.
    func setMode() throws(VarveError) {
        try SystemCalls.setMode(file.path, entry.restoredMode)
    }

    /// The rebuilt file was a sound container when it was compressed; where it is none now, the archive is not what was
    /// written.
    private func reseal() throws(VarveError) {
        do throws(VarveError) {
            try ZipChecksums.reseal(
                file, containers: entry.containers.isEmpty ? nil : entry.containers, changed: changed,
                known: checksums.withLock { $0 })
        } catch  where [.malformed, .truncated, .unsupported].contains(error.code) {
            throw VarveError(
                .damaged, "\(entry.path) does not come together from its parts", file: manifestPath, cause: error)
        }
    }
}
