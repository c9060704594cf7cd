#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What has to be known before something is removed.
extension SystemCalls {
    /// The path without links, `.` and `..`, from the root on.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where one of its directories cannot be looked at.
    package static func realPath(_ path: String) throws(VarveError) -> String {
        var found: UnsafeMutablePointer<CChar>?
        _ = try call(.stat, path) {
            found = realpath(path, nil)
            return found == nil ? -1 : 0
        }
        defer { free(found) }
        return found.map { String(cString: $0) } ?? path
    }

    /// Whether this process may put names into a directory and take them out of it. A read-only file system says no.
    package static func mayChange(_ directory: String) throws(VarveError) -> Bool {
        var isAllowed = true
        _ = try call(.stat, directory) {
            guard faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0 else { return 0 }
            isAllowed = errno != EACCES && errno != EROFS && errno != EPERM
            return isAllowed ? -1 : 0
        }
        return isAllowed
    }

    /// Whether a file or directory has the mark of file systems that nobody may change or remove it (`chattr +i`, `+a`).
    /// Where it cannot be opened, or the file system has no such marks, it has none.
    package static func isImmutable(_ path: String) -> Bool {
        guard injected(.stat, path) == nil else { return false }
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = Glibc.close(descriptor) }
        // An int, though the number of the request says long.
        var marks = CLong(0)
        guard ioctl(descriptor, readMarks, &marks) == 0 else { return false }
        return marks & (immutableMark | appendOnlyMark) != 0
    }

    /// `FS_IOC_GETFLAGS` and two of its marks, which are no constants that Swift imports.
    private static let readMarks: UInt = 0x8008_6601
    private static let immutableMark = 0x10, appendOnlyMark = 0x20
}
