import Glibc

/// Directories: created, flushed, removed.
package enum Directories {
    package static func exists(_ path: String) -> Bool {
        (try? FileIdentity(path: path, following: true))?.kind == .directory
    }

    /// Whether there is a directory, or a link to one. What cannot be looked at is not taken for missing.
    package static func isThere(_ path: String) throws(VarveError) -> Bool {
        do throws(VarveError) {
            return try FileIdentity(path: path, following: true).kind == .directory
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Creates the directory and those above it that are missing.
    package static func create(_ path: String) throws(VarveError) {
        if exists(path) { return }
        let parent = Paths.split(path).directory
        if parent != path, parent != "." { try create(parent) }
        do throws(VarveError) {
            try SystemCalls.makeDirectory(path)
        } catch  where error.code == .exists && exists(path) {
            return  // somebody else was faster
        }
    }

    /// Makes names created, renamed or removed in the directory durable.
    package static func sync(_ path: String) throws(VarveError) {
        let descriptor = try SystemCalls.open(path, flags: O_RDONLY | O_DIRECTORY)
        do throws(VarveError) {
            try SystemCalls.sync(descriptor, path: path)
        } catch {
            SystemCalls.discard(descriptor, path: path)
            throw error
        }
        try SystemCalls.close(descriptor, path: path)
    }

    /// Removes a file, or a directory with all it holds. Links are removed, never followed. Missing is fine.
    /// - Parameter forcing: what was made here goes also where it was given the modes of a read-only original.
    package static func remove(_ path: String, forcing: Bool = false) throws(VarveError) {
        let identity: FileIdentity
        do throws(VarveError) { identity = try FileIdentity(path: path) } catch  where error.code == .notFound {
            return
        }
        guard identity.kind == .directory else { return try SystemCalls.unlink(path) }
        if forcing, identity.mode & 0o700 != 0o700 { try SystemCalls.setMode(path, identity.mode | 0o700) }
        for name in try SystemCalls.list(path) { try remove(Paths.join(path, name), forcing: forcing) }
        try SystemCalls.removeDirectory(path)
    }

    /// Whether the directory is `root` or lies below it, whatever links its path goes through.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where one of them cannot be looked at.
    package static func lies(_ directory: String, in root: String) throws(VarveError) -> Bool {
        let wanted = try FileIdentity(path: root, following: true)
        var path = directory, here = try FileIdentity(path: path, following: true)
        while true {
            if here.device == wanted.device, here.inode == wanted.inode { return true }
            path = Paths.join(path, "..")
            let above = try FileIdentity(path: path, following: true)
            if above.device == here.device, above.inode == here.inode { return false }
            here = above
        }
    }
}
