import Glibc
import FileSystem

/// Looks whether something can be removed as a whole, before anything of it is: a removal that fails in the middle has
/// destroyed what it says it left.
struct RemovalObstacle {
    private let mounts: MountPoints

    init() throws(VarveError) { mounts = try MountPoints() }

    /// Throws why a file, or a directory with all that it holds, cannot be removed.
    /// - Throws: `.permissionDenied`, `.exists` (what is mounted there is somebody else's); `.inputOutput`.
    func check(_ path: String) throws(VarveError) {
        let parent = Paths.split(path).directory
        let above = try SystemCalls.status(parent, following: true)
        guard try SystemCalls.mayChange(parent) else { throw Self.unwritable(parent) }
        if SystemCalls.isImmutable(parent) { throw Self.immutable(parent) }
        // The name itself may be a link, which is removed and not followed.
        let resolved = Paths.join(try SystemCalls.realPath(parent), Paths.split(path).name)
        if let mount = mounts.first(in: resolved) { throw Self.mounted(mount) }
        try look(path, in: above)
    }

    private func look(_ path: String, in above: stat) throws(VarveError) {
        let status = try SystemCalls.status(path, following: false), identity = FileIdentity(status)
        guard status.st_dev == above.st_dev else { throw Self.mounted(path) }
        // In a directory like /tmp only owners take names away.
        let user = geteuid()
        if above.st_mode & S_ISVTX != 0, user != 0, user != above.st_uid, user != status.st_uid {
            throw VarveError(.permissionDenied, "only its owner may remove it", file: path)
        }
        switch identity.kind {
        case .symbolicLink, .other: return
        case .regular: if SystemCalls.isImmutable(path) { throw Self.immutable(path) }
        case .directory:
            if SystemCalls.isImmutable(path) { throw Self.immutable(path) }
            let names = try SystemCalls.list(path)
            if !names.isEmpty, try !SystemCalls.mayChange(path) { throw Self.unwritable(path) }
            for name in names { try look(Paths.join(path, name), in: status) }
        }
    }

    private static func mounted(_ path: String) -> VarveError {
        VarveError(.exists, "something else is mounted there", file: path)
    }

    private static func unwritable(_ path: String) -> VarveError {
        VarveError(.permissionDenied, "nothing may be removed from this directory", file: path)
    }

    private static func immutable(_ path: String) -> VarveError {
        VarveError(.permissionDenied, "it is marked as immutable", file: path)
    }
}
