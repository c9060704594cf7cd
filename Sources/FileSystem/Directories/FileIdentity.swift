package import Glibc

/// What tells one state of a file from another: inode, size, and when it was changed.
package struct FileIdentity: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
    package var byteCount: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// When the system last saw its content, mode, names or times change, in nanoseconds since 1970. Nobody can set it: of a
    /// file that was written to and got its old modification time back it tells.
    package var changed: Int64
    /// Permission bits.
    package var mode: UInt32
    package var linkCount: UInt64
    package var kind: Kind

    package enum Kind: Sendable { case regular, directory, symbolicLink, other }

    package init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = UInt64(max(0, status.st_size))
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        mode = UInt32(status.st_mode & 0o7777)
        linkCount = UInt64(status.st_nlink)
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
    }

    /// The identity of the file at `path`; of a link itself unless `following`.
    package init(path: String, following: Bool = false) throws(VarveError) {
        self.init(try SystemCalls.status(path, following: following))
    }

    /// Whether it is the same file with the same size and time: what tells whether a file that is opened again is what was
    /// opened first. Mode, names and with them `changed` may be others.
    package func hasContent(of other: FileIdentity) -> Bool {
        device == other.device && inode == other.inode && byteCount == other.byteCount && modified == other.modified
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let seconds = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return seconds.overflow ? 0 : seconds.partialValue &+ Int64(time.tv_nsec)
    }
}
