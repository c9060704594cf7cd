import Glibc
package import FileSystem

/// The right to write to an archive: an advisory lock on its file `lock`, which says who holds it.
///
/// The system drops such a lock when its owner ends in whatever way; a note that is left then means nothing. Where the
/// file system has no advisory locks, the file itself is the lock: made whole or not at all, and taken over only from
/// an owner on this host that is certainly gone.
package final class ArchiveLock {
    /// `nil` where the file itself is the lock.
    private let descriptor: Int32?
    private let path: String
    private let note: [UInt8]
    /// Whether the last owner ended without giving the lock back: what it made visible may not be on disk yet.
    let wasLeftBehind: Bool

    /// - Throws: `.locked` with the owner's note; `.unsupported` where something else has the lock's name;
    ///   `.permissionDenied`, `.inputOutput`.
    package init(_ layout: ArchiveLayout) throws(VarveError) {
        let path = layout.lock, note = LockNote.own().bytes
        self.path = path
        self.note = note
        while true {
            let descriptor = try SystemCalls.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
            var isKept = false
            defer { if !isKept { SystemCalls.discard(descriptor, path: path) } }
            let isFree: Bool
            do throws(VarveError) {
                isFree = try SystemCalls.lock(descriptor, path: path)
            } catch  where error.code == .unsupported {
                try Self.takeFile(path, note: note, archive: layout.root)
                self.descriptor = nil
                // Who had it before is not known any more.
                wasLeftBehind = true
                return
            }
            guard isFree else {
                let there = (try? LockNote.read(descriptor, path)) ?? []
                throw Self.locked(by: there, archive: layout.root)
            }
            // The former owner may have removed the file between our open and our lock.
            let mine = FileIdentity(try SystemCalls.status(descriptor, path: path))
            do throws(VarveError) {
                isKept = try FileIdentity(path: path).inode == mine.inode
            } catch  where error.code == .notFound {
                continue
            }
            if isKept {
                self.descriptor = descriptor
                wasLeftBehind = mine.byteCount > 0
                break
            }
        }
        guard let descriptor else { return }
        // Another name of a file that lies elsewhere: its content is not for us to replace.
        let status = try SystemCalls.status(descriptor, path: path)
        guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            throw VarveError(.unsupported, "the lock is no file of its own; remove it", file: path)
        }
        // Never empty in between: whoever comes after us must see that somebody did not end by himself.
        _ = try note.withUnsafeBytesTyped { (buffer) throws(VarveError) -> Int in
            guard let pointer = buffer.baseAddress else { return 0 }
            return try SystemCalls.write(descriptor, pointer, buffer.count, at: 0, path: path)
        }
        try SystemCalls.truncate(descriptor, to: UInt64(note.count), path: path)
    }

    private static func locked(by note: [UInt8], archive: String, hint: String = "") -> VarveError {
        let owner = LockNote(note)?.line ?? String(decoding: note, as: UTF8.self)
        return VarveError(
            .locked,
            "another process writes to this archive: " + (owner.isEmpty ? "it does not say which" : owner) + hint,
            file: archive)
    }

    /// Makes the file `lock` ours, where the file system has no advisory locks.
    private static func takeFile(_ path: String, note: [UInt8], archive: String) throws(VarveError) {
        let (directory, _) = Paths.split(path)
        let own = Paths.join(directory, "\(OutputFile.temporaryPrefix)lock-\(getpid())")
        defer { try? SystemCalls.unlink(own) }
        // Written before it has its name, so that whoever finds it finds all of it.
        try Directories.remove(own)
        let file = try OutputFile(own)
        try file.write(note, at: 0)
        try file.commit()
        while true {
            do throws(VarveError) {
                return try SystemCalls.link(own, path)
            } catch  where error.code == .exists {
                try evict(path, archive: archive)
            }
        }
    }

    /// Removes a lock file whose owner is gone.
    /// - Throws: `.locked` where it may be there still.
    private static func evict(_ path: String, archive: String) throws(VarveError) {
        guard let found = try content(path) else { return }
        // Opening it may have made it; a lock is never empty.
        guard found.isEmpty || LockNote(found)?.isStale == true else {
            throw locked(
                by: found, archive: archive,
                hint: "; if that process is gone for certain, remove the file \(path) by hand")
        }
        // Moved away before it is removed: of two that find it stale, one would remove the other's new lock.
        let aside = Paths.join(
            Paths.split(path).directory, "\(OutputFile.temporaryPrefix)lock-\(getpid())-stale")
        do throws(VarveError) {
            try SystemCalls.rename(path, aside)
        } catch  where error.code == .notFound {
            return
        }
        if try content(aside) != found { try? SystemCalls.link(aside, path) }
        try SystemCalls.unlink(aside)
    }

    /// What a lock file says; `nil` where there is none.
    private static func content(_ path: String) throws(VarveError) -> [UInt8]? {
        do throws(VarveError) {
            let descriptor = try SystemCalls.open(path, flags: O_RDONLY | O_NOFOLLOW)
            defer { SystemCalls.discard(descriptor, path: path) }
            return try LockNote.read(descriptor, path)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Looks whether the lock is still ours: whoever removes an archive, or its lock, lets another writer begin.
    /// - Throws: `.locked` where its path leads to another file, or to none.
    func check() throws(VarveError) {
        var isOurs = false
        do throws(VarveError) {
            if let descriptor {
                let mine = FileIdentity(try SystemCalls.status(descriptor, path: path))
                isOurs = try FileIdentity(path: path).inode == mine.inode
            } else {
                isOurs = try Self.content(path) == note
            }
        } catch  where error.code == .notFound {}
        guard isOurs else {
            throw VarveError(
                .locked, "the archive's lock was removed or replaced; another process may write to it by now",
                file: path)
        }
    }

    deinit {
        guard let descriptor else {
            // Removed by hand, it may be somebody else's by now.
            if (try? Self.content(path)) == note { try? SystemCalls.unlink(path) }
            return
        }
        // Another writer's, where ours was removed by hand.
        if (try? check()) != nil { try? SystemCalls.unlink(path) }
        SystemCalls.discard(descriptor, path: path)
    }
}
