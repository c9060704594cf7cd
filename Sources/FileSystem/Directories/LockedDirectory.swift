import Glibc
import Synchronization

/// A directory for unfinished work, locked so that what a running process works in is told from what was left behind.
package final class LockedDirectory: Sendable {
    package let path: String
    private let descriptor: Int32
    private let isHeld = Atomic<Bool>(true)

    /// Makes the directory and locks it, after removing what an interrupted process left there.
    /// - Parameter owner: who works in it, for the message.
    /// - Throws: `.locked` where a running process works in it; `.exists` where it is no directory.
    package init(_ path: String, owner: String) throws(VarveError) {
        self.path = path
        while true {
            var isNew = true
            do throws(VarveError) { try SystemCalls.makeDirectory(path) } catch  where error.code == .exists {
                isNew = false
            }
            let descriptor: Int32
            do throws(VarveError) {
                descriptor = try SystemCalls.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            } catch  where error.code == .notFound {
                // Its owner has removed it in between; or it never was a directory, and never will be.
                guard ((try? FileIdentity(path: path))?.kind ?? .directory) == .directory else {
                    throw VarveError(.exists, "something else has the name of unfinished work; remove it", file: path)
                }
                continue
            }
            var isKept = false
            defer { if !isKept { SystemCalls.discard(descriptor, path: path) } }
            guard try SystemCalls.lock(descriptor, path: path) else {
                throw VarveError(.locked, "\(owner) works in it", file: path)
            }
            // Somebody else may have removed it between our opening and our locking it.
            let mine = (try? SystemCalls.status(descriptor, path: path)).map { FileIdentity($0).inode }
            isKept = isNew && mine != nil && (try? FileIdentity(path: path))?.inode == mine
            if isKept {
                self.descriptor = descriptor
                return
            }
            try Directories.remove(path, forcing: true)
        }
    }

    deinit { release(removing: true) }

    /// As many processes may work in one directory at a time.
    private static let most = 64

    /// Takes the first of some names in `parent` that no running process works in.
    /// - Parameters:
    ///   - name: what the work is called.
    ///   - owner: who works in the others, for the message.
    /// - Throws: `.locked` (too many others), `.notFound`, `.permissionDenied`, `.noSpace`, `.inputOutput`.
    package static func free(
        in parent: String, named name: String, owner: String
    ) throws(VarveError) -> LockedDirectory {
        let stem = Paths.join(parent, "\(OutputFile.temporaryPrefix)\(name)-")
        for number in 1..<most {
            do throws(VarveError) {
                return try LockedDirectory("\(stem)\(number)", owner: owner)
            } catch  where error.code == .locked || error.code == .permissionDenied {
                continue  // another process's, or another user's
            }
        }
        return try LockedDirectory("\(stem)\(most)", owner: owner)
    }

    /// Gives the lock back, now and not when the object goes away.
    /// - Parameter removing: the directory goes, with all it holds; not where it was renamed.
    package func release(removing: Bool) {
        guard isHeld.exchange(false, ordering: .sequentiallyConsistent) else { return }
        if removing { try? Directories.remove(path, forcing: true) }
        SystemCalls.discard(descriptor, path: path)
    }
}
