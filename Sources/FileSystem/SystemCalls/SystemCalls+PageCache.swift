import Glibc

/// The system's page cache: reading and writing past it, and what it is asked to keep or to forget.
extension SystemCalls {
    /// `O_DIRECT`, which is no constant that Swift imports.
    #if arch(arm64)
    private static let direct: Int32 = 0o200_000
    #else
    private static let direct: Int32 = 0o40_000
    #endif

    /// Another descriptor of an open file, whose reads and writes go to the disk itself: of whole blocks, from memory that
    /// is aligned like them. `nil` where the file system has no such thing. No call for `FaultInjector`: what is done
    /// through it counts as done through the file's own descriptor.
    static func openDirectly(_ descriptor: Int32, writing: Bool) -> Int32? {
        let flags = (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC | direct
        let result = Glibc.open("/proc/self/fd/\(descriptor)", flags)
        return result < 0 ? nil : result
    }

    static func closeDirectly(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    /// Asks and tells injectors of a write that another thread will do by `finishWrite`.
    static func beginWrite(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, path: String
    ) throws(VarveError) {
        let effect = { (_: Int) in Effect.written(descriptor: descriptor, offset: offset, bytes: bytes) }
        _ = try call(.write, path, effect: effect) { bytes.count }
    }

    /// Writes all of an aligned buffer.
    /// - Parameter other: what goes past the page cache, as long as the file system takes it so.
    /// - Returns: whether all of it did.
    static func finishWrite(
        _ descriptor: Int32, directly other: Int32?, _ bytes: UnsafeRawBufferPointer, at offset: UInt64, path: String
    ) throws(VarveError) -> Bool {
        guard let pointer = bytes.baseAddress else { return true }
        var done = 0, other = other
        while done < bytes.count {
            let position = off_t(offset) + done
            let written = pwrite(other ?? descriptor, pointer + done, bytes.count - done, position)
            if written > 0 {
                done += written
            } else if written < 0, errno == EINVAL, other != nil {
                other = nil
            } else if written == 0 || errno != EINTR {
                throw error(written == 0 ? EIO : errno, .write, path)
            }
        }
        return other != nil
    }

    /// Reads at most `count` bytes at `offset` into an aligned buffer; 0 at the end of the file.
    /// - Returns: how many, or `nil` where the file system wants them otherwise.
    static func read(
        directly other: Int32, _ pointer: UnsafeMutableRawPointer, _ count: Int, at offset: UInt64, path: String
    ) throws(VarveError) -> Int? {
        var isRefused = false
        let limit = ask { $0.shortRead(path: path, count: count) }.map { min(count, max(1, $0)) } ?? count
        let result = try call(.read, path) {
            let result = pread(other, pointer, limit, off_t(offset))
            isRefused = result < 0 && errno == EINVAL
            return isRefused ? 0 : result
        }
        return isRefused ? nil : result
    }

    /// Whether the system keeps nearly all of a range in memory. Told so of everything where it will not say.
    static func isCached(_ descriptor: Int32, _ range: Range<UInt64>) -> Bool {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard !range.isEmpty, let first = Int(exactly: range.lowerBound), let end = Int(exactly: range.upperBound)
        else { return true }
        let start = first / page * page, pages = (end - start + page - 1) / page
        guard let mapping = mmap(nil, pages * page, PROT_READ, MAP_SHARED, descriptor, off_t(start)),
            mapping != MAP_FAILED
        else { return true }
        // Never looked into: a file that was cut off meanwhile does no harm.
        defer { munmap(mapping, pages * page) }
        var residence = [UInt8](repeating: 1, count: pages)
        guard mincore(mapping, pages * page, &residence) == 0 else { return true }
        return residence.count { $0 & 1 == 0 } * 16 <= pages
    }

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
