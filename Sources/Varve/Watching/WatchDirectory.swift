import Checkpoints
import FileSystem

/// A directory beside the archive for copies of checkpoints that their trainer overwrites. Its lock keeps a second watch of
/// the same archive away; what a killed watch left in it goes.
final class WatchDirectory: Sendable {
    private let directory: LockedDirectory
    private var path: String { directory.path }

    /// - Throws: `.locked` where another process watches for the same archive.
    init(archive: String) throws(VarveError) {
        let (parent, name) = Paths.split(archive)
        try Directories.create(parent)
        directory = try LockedDirectory(
            Paths.join(parent, OutputFile.temporaryPrefix + "watch-" + name), owner: "another watch for this archive")
    }

    /// Removes the copies, and lets another watch begin.
    func close() { directory.release(removing: true) }

    /// Copies a step's files and gives back the step as it lies in the copy.
    /// - Throws: `.sourceChanged`, `.notFound` where the trainer was faster; `.noSpace`, `.inputOutput`.
    func copy(_ step: Step, of root: String, number: Int) throws(VarveError) -> SourceStep {
        let target = Paths.join(path, "\(number)")
        try Directories.remove(target)
        try Directories.create(target)
        do throws(VarveError) {
            var copied: [InodeOf: String] = [:]
            for entry in step.entries {
                let from = Paths.join(root, entry.path), to = Paths.join(target, entry.path)
                try Directories.create(Paths.split(to).directory)
                switch entry.identity.kind {
                case .directory: try Directories.create(to)
                case .symbolicLink: try SystemCalls.symbolicLink(target: entry.linkTarget ?? "", at: to)
                case .regular:
                    let inode = InodeOf(device: entry.identity.device, inode: entry.identity.inode)
                    if let first = copied[inode] {
                        try SystemCalls.link(first, to)
                    } else {
                        try Self.copyFile(from, entry.identity, to)
                        copied[inode] = to
                    }
                case .other: continue
                }
            }
            // Times of directories last: everything that is made in one changes its time.
            for entry in step.entries.reversed() where entry.identity.kind != .regular {
                try SystemCalls.setModificationTime(
                    Paths.join(target, entry.path), nanoseconds: entry.identity.modified)
            }
            var copy = step
            for index in copy.entries.indices {
                copy.entries[index].identity = try FileIdentity(path: Paths.join(target, copy.entries[index].path))
            }
            var source = SourceStep(copy, root: target)
            source.wasSeenUnchanged = true
            source.losesNames = true
            return source
        } catch {
            try? Directories.remove(target)
            throw error
        }
    }

    /// Removes a copy.
    func drop(number: Int) { try? Directories.remove(Paths.join(path, "\(number)")) }

    private struct InodeOf: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private static let blockSize: UInt64 = 8 << 20

    private static func copyFile(
        _ from: String, _ identity: FileIdentity, _ to: String
    ) throws(VarveError) {
        let source = try InputFile(from)
        guard source.identity.isSameContent(as: identity) else {
            throw VarveError(.sourceChanged, "the file changed since the run was looked through", file: from)
        }
        let copy = try OutputFile(to, byteCount: source.byteCount)
        var offset: UInt64 = 0
        while offset < source.byteCount {
            let count = min(blockSize, source.byteCount - offset)
            if !source.isHole(offset..<offset + count) {
                try copy.write(source.bytes(at: offset, count: Int(count)), at: offset)
            }
            offset += count
        }
        try source.checkUnchanged()
        try copy.commit(sync: false)
        try SystemCalls.setMode(to, identity.mode)
        try SystemCalls.setModificationTime(to, nanoseconds: identity.modified)
    }
}
