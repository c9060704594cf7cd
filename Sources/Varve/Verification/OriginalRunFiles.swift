import ChainArchive
import Checkpoints
import FileSystem

/// Compares the files of the run that belong to no step with what the archive would restore.
///
/// One that the run has no more is no difference: an archive keeps what a run has lost.
struct OriginalRunFiles {
    let archive: ArchiveReader
    /// The run's directory.
    let root: String

    func differences() throws(VarveError) -> [VarveError] {
        guard let manifest = try archive.runManifest() else { return [] }
        let readers = try archive.parts(manifest)
        let restorer = RunFilesRestorer(archive: archive, entries: [], root: root)
        var found: [VarveError] = []
        for entry in manifest.entries {
            let path = Paths.join(root, entry.path)
            guard let there = try? FileIdentity(path: path) else { continue }
            switch entry.kind {
            case .symbolicLink(let target):
                let now = there.kind == .symbolicLink ? try SystemCalls.readSymbolicLink(path) : nil
                if now.map({ $0.utf8.elementsEqual(target.utf8) }) != true {
                    found.append(different("the link leads elsewhere now, or is none", path))
                }
            case .directory:
                if there.kind != .directory { found.append(different("no directory any more", path)) }
            case .file:
                guard there.kind == .regular, there.byteCount == entry.byteCount else {
                    found.append(different("the file has another size than when it was compressed", path))
                    continue
                }
                let file = try InputFile(path)
                var offset: UInt64 = 0
                for block in entry.payload {
                    let plain = try restorer.plain(block, readers)
                    if try file.bytes(at: offset, count: plain.count) != plain {
                        found.append(different("the bytes differ", path))
                        break
                    }
                    offset += UInt64(plain.count)
                }
            case .copy(let original), .hardLink(let original):
                let other = Paths.join(root, original)
                guard there.kind == .regular, (try? FileIdentity(path: other))?.kind == .regular else { continue }
                if try !FileComparison.sameBytes(try InputFile(path), try InputFile(other)) {
                    found.append(different("it does not repeat \(original) any more", path))
                }
            case .variant:
                // Its tensors are those of a step's file, which is compared there.
                break
            }
        }
        return found
    }

    private func different(_ message: String, _ path: String) -> VarveError {
        VarveError(.different, message, file: path)
    }
}
