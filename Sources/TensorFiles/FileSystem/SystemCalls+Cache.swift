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
}
