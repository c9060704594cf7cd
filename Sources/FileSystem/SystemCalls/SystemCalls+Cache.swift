import Glibc

extension SystemCalls {
    /// Asks the system to forget what it keeps of the file in memory, so that the next read comes from the disk. No call
    /// for `FaultInjector`: it is a hint, and one that a file system may ignore.
    package static func dropCache(_ path: String) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
        _ = Glibc.close(descriptor)
    }

    /// Asks the system to have a range of a file in memory soon, and does not wait. A hint as above.
    static func prefetch(_ descriptor: Int32, _ range: Range<UInt64>) {
        guard let start = Int(exactly: range.lowerBound) else { return }
        _ = posix_fadvise(descriptor, start, range.count, Int32(POSIX_FADV_WILLNEED))
    }

    /// Asks the system to write a range of a file to the disk and to forget what of it is there already. A hint as above;
    /// errors of writing are `fsync`'s to tell.
    static func release(_ descriptor: Int32, _ range: Range<UInt64>) {
        guard let start = Int(exactly: range.lowerBound) else { return }
        _ = posix_fadvise(descriptor, start, range.count, Int32(POSIX_FADV_DONTNEED))
    }
}
