#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension SystemCalls {
    /// The `VarveError` for an errno.
    package static func error(_ number: Int32, _ call: Name, _ path: String) -> VarveError {
        let code: VarveError.Code =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .permissionDenied
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EEXIST, ENOTEMPTY: .exists
            // A file system that has no such thing, locks above all.
            case ENOLCK, ENOSYS, ENOTSUP: .unsupported
            default: .inputOutput
            }
        // A path that is not there needs no call's name to be understood.
        if number == ENOENT { return VarveError(code, "no such file or directory", file: path) }
        return VarveError(code, "\(describe(call)) failed: \(String(cString: strerror(number)))", file: path)
    }

    private static func describe(_ call: Name) -> String {
        switch call {
        case .makeDirectory: "creating the directory"
        case .removeDirectory: "removing the directory"
        case .symbolicLink: "creating the symbolic link"
        case .setAttributes: "setting mode or times"
        case .list: "listing the directory"
        case .sync: "flushing to disk"
        case .stat: "looking at it"
        case .link: "creating the hard link"
        case .unlink: "removing it"
        case .truncate: "setting its size"
        case .open: "opening it"
        case .read: "reading"
        case .write: "writing"
        case .close: "closing it"
        case .rename: "moving it into place"
        case .lock: "locking it"
        case .seek: "looking for holes"
        }
    }
}
