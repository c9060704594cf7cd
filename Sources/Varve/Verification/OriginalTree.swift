import ChainArchive
import FileSystem

/// Compares what stands where in a step's directories, and how it is marked, with what the archive would restore.
/// Contents of files are for `OriginalFiles`.
struct OriginalTree {
    /// The run's directory.
    let root: String

    func differences(from manifest: StepManifest) throws(VarveError) -> [VarveError] {
        var found: [VarveError] = []
        for entry in manifest.entries { found += try compare(entry) }
        return found
    }

    private func compare(_ entry: Entry) throws(VarveError) -> [VarveError] {
        let path = Paths.join(root, entry.path)
        var there: FileIdentity
        do throws(VarveError) {
            there = try FileIdentity(path: path)
            // A step keeps the file that a link out of the run leads to.
            if there.kind == .symbolicLink, entry.isContent { there = try FileIdentity(path: path, following: true) }
        } catch  where error.code == .notFound {
            // A file's content is compared, and found missing, anyhow.
            return entry.isFile ? [] : [different("the run has no such path", path)]
        }
        switch entry.kind {
        case .directory:
            guard there.kind == .directory else { return [different("no directory any more", path)] }
        case .symbolicLink(let target):
            guard there.kind == .symbolicLink else { return [different("no symbolic link any more", path)] }
            let now = try SystemCalls.readSymbolicLink(path)
            if !now.utf8.elementsEqual(target.utf8) { return [different("the link leads to \(now) now", path)] }
        case .hardLink(let original):
            let other = try? FileIdentity(path: Paths.join(root, original), following: true)
            guard there.inode == other?.inode, there.device == other?.device else {
                return [different("no other name of \(original) any more", path)]
            }
            return []
        case .file, .copy, .variant:
            guard there.kind == .regular else { return [different("no file any more", path)] }
        }
        // Times are not compared: a copied run has others, and is the same run.
        if there.kind != .symbolicLink, there.mode & 0o1777 != entry.restoredMode {
            let now = String(there.mode, radix: 8), kept = String(entry.mode, radix: 8)
            return [different("the mode is \(now), recorded was \(kept)", path)]
        }
        return []
    }

    private func different(_ message: String, _ path: String) -> VarveError {
        VarveError(.different, message, file: path)
    }
}

extension Entry {
    /// Whether it is restored as a file.
    fileprivate var isContent: Bool {
        switch kind {
        case .file, .hardLink, .copy, .variant: true
        case .directory, .symbolicLink: false
        }
    }
}
