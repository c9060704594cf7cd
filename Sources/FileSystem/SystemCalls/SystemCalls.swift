#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#endif

/// The one place where Varve calls the operating system for files.
///
/// Every call first asks the installed `FaultInjector` (tests only), so a test can make the n-th call fail with an
/// errno, write short, or end the process; and tells it what was done. Interrupted calls (EINTR) are repeated here, short
/// reads by `readFully`, short writes by the callers in `OutputFile` and `ScratchFile`.
package enum SystemCalls {
    /// The calls a test can tell apart.
    package enum Name: String, Sendable, CaseIterable {
        case open, read, write, truncate, sync, close, rename, unlink, makeDirectory, removeDirectory, link,
            symbolicLink, stat, list, setAttributes, lock, seek
    }

    /// Runs `body` until it is not interrupted; a negative result becomes an error that names the path.
    static func call(
        _ name: Name, _ path: String, effect: (Int) -> Effect = { _ in .plain }, _ body: () -> Int
    ) throws(VarveError) -> Int {
        while true {
            let number: Int32
            if let wanted = injected(name, path) {
                number = wanted
            } else {
                let result = body()
                if result >= 0 {
                    report(name, path, effect(result))
                    return result
                }
                number = errno
            }
            if number != EINTR { throw error(number, name, path) }
        }
    }

    package static func open(_ path: String, flags: Int32, mode: mode_t = 0o666) throws(VarveError) -> Int32 {
        let effect = { (result: Int) in Effect.opened(descriptor: Int32(result), flags: flags, mode: UInt32(mode)) }
        return Int32(try call(.open, path, effect: effect) { Int(Glibc.open(path, flags | O_CLOEXEC, mode)) })
    }

    /// With the path of a directory: a file in it without a name (`O_TMPFILE`, which is no constant that Swift imports).
    package static let nameless: Int32 = 0o20_000_000 | O_DIRECTORY

    /// Reads at most `count` bytes at `offset`; 0 at the end of the file.
    package static func read(
        _ descriptor: Int32, _ pointer: UnsafeMutableRawPointer, _ count: Int, at offset: UInt64, path: String
    ) throws(VarveError) -> Int {
        let limit = ask { $0.shortRead(path: path, count: count) }.map { min(count, max(1, $0)) } ?? count
        return try call(.read, path) { pread(descriptor, pointer, limit, off_t(offset)) }
    }

    /// Fills a buffer from `offset` on.
    /// - Throws: `.truncated` if the file ends before the buffer is full.
    static func readFully(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, path: String
    ) throws(VarveError) {
        guard let pointer = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let position = offset + UInt64(done)
            let count = try read(descriptor, pointer + done, buffer.count - done, at: position, path: path)
            guard count > 0 else {
                throw VarveError(
                    .truncated, "the file ends \(buffer.count - done) bytes early", file: path, offset: position)
            }
            done += count
        }
    }

    /// Whether the file system says that the range is a hole. Where it fails to say, the range is read.
    package static func isHole(_ descriptor: Int32, _ range: Range<UInt64>, path: String) -> Bool {
        guard range.upperBound <= UInt64(Int64.max), !range.isEmpty, injected(.seek, path) == nil else { return false }
        report(.seek, path, .plain)
        let data = lseek(descriptor, off_t(range.lowerBound), seekData)
        if data < 0 { return errno == ENXIO }
        return UInt64(data) >= range.upperBound
    }

    /// `SEEK_DATA`, which is no constant that Swift imports everywhere.
    private static let seekData: Int32 = 3

    /// Writes at most `count` bytes at `offset`.
    package static func write(
        _ descriptor: Int32, _ pointer: UnsafeRawPointer, _ count: Int, at offset: UInt64, path: String
    ) throws(VarveError) -> Int {
        let limit = ask { $0.shortWrite(path: path, count: count) }.map { min(count, max(1, $0)) } ?? count
        let effect = { (written: Int) in
            Effect.written(
                descriptor: descriptor, offset: offset, bytes: UnsafeRawBufferPointer(start: pointer, count: written))
        }
        return try call(.write, path, effect: effect) { pwrite(descriptor, pointer, limit, off_t(offset)) }
    }

    package static func truncate(_ descriptor: Int32, to size: UInt64, path: String) throws(VarveError) {
        let effect = { (_: Int) in Effect.resized(descriptor: descriptor, byteCount: size) }
        _ = try call(.truncate, path, effect: effect) { Int(ftruncate(descriptor, off_t(size))) }
    }

    package static func sync(_ descriptor: Int32, path: String) throws(VarveError) {
        _ = try call(.sync, path, effect: { _ in .synced(descriptor: descriptor) }) { Int(fsync(descriptor)) }
    }

    /// Closes without repeating on EINTR: on Linux the descriptor is gone either way.
    package static func close(_ descriptor: Int32, path: String) throws(VarveError) {
        let wanted = injected(.close, path)
        // Told before it is done: from then on another thread may get the same number.
        report(.close, path, .closed(descriptor: descriptor))
        let number = Glibc.close(descriptor) == 0 ? wanted : errno
        if let number, number != EINTR { throw error(number, .close, path) }
    }

    /// Closes whatever comes of it: files that are given up, and files that were only read.
    package static func discard(_ descriptor: Int32, path: String) { try? close(descriptor, path: path) }

    /// Takes the advisory lock of an open file. The system drops it when the file is closed or its owner ends.
    /// - Returns: whether it was free.
    package static func lock(_ descriptor: Int32, path: String) throws(VarveError) -> Bool {
        var isFree = true
        _ = try call(.lock, path) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return 0 }
            isFree = errno != EWOULDBLOCK
            return isFree ? -1 : 0
        }
        return isFree
    }

    package static func rename(_ from: String, _ to: String) throws(VarveError) {
        _ = try call(.rename, to, effect: { _ in .renamed(from: from) }) { Int(Glibc.rename(from, to)) }
    }

    package static func unlink(_ path: String) throws(VarveError) {
        _ = try call(.unlink, path) { Int(Glibc.unlink(path)) }
    }

    package static func makeDirectory(_ path: String, mode: mode_t = 0o777) throws(VarveError) {
        _ = try call(.makeDirectory, path) { Int(mkdir(path, mode)) }
    }

    package static func removeDirectory(_ path: String) throws(VarveError) {
        _ = try call(.removeDirectory, path) { Int(rmdir(path)) }
    }

    package static func link(_ existing: String, _ new: String) throws(VarveError) {
        _ = try call(.link, new, effect: { _ in .linked(to: existing) }) { Int(Glibc.link(existing, new)) }
    }

    package static func symbolicLink(target: String, at path: String) throws(VarveError) {
        let effect = { (_: Int) in Effect.linkedSymbolically(target: target) }
        _ = try call(.symbolicLink, path, effect: effect) { Int(symlink(target, path)) }
    }

    /// `lstat` (or `stat` where `following`).
    package static func status(_ path: String, following: Bool) throws(VarveError) -> stat {
        var result = stat()
        _ = try call(.stat, path) { Int(following ? stat(path, &result) : lstat(path, &result)) }
        return result
    }

    package static func status(_ descriptor: Int32, path: String) throws(VarveError) -> stat {
        var result = stat()
        _ = try call(.stat, path) { Int(fstat(descriptor, &result)) }
        return result
    }

    package static func readSymbolicLink(_ path: String) throws(VarveError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try call(.stat, path) { readlink(path, &buffer, buffer.count) }
        guard let target = String(validating: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
            throw VarveError(.unsupported, "the link's target is not UTF-8", file: path)
        }
        return target
    }

    /// The names in a directory without `.` and `..`, in bytewise order.
    package static func list(_ path: String) throws(VarveError) -> [String] {
        if let number = injected(.list, path), number != EINTR { throw error(number, .list, path) }
        guard let directory = opendir(path) else { throw error(errno, .list, path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            // The end and a failure look alike but for errno: half a listing must not be taken for all of it.
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        if errno != 0 { throw error(errno, .list, path) }
        report(.list, path, .plain)
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The name in a directory's entry. An entry ends with its name: `d_name` is declared with 256 bytes, and a pointer to
    /// that field, as Swift makes it, may first copy them all, from beyond the end of the memory that the entries lie in.
    static func name(of entry: UnsafePointer<dirent>) -> String {
        let start = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        return String(cString: (UnsafeRawPointer(entry) + start).assumingMemoryBound(to: CChar.self))
    }

    package static func setMode(_ path: String, _ mode: mode_t) throws(VarveError) {
        _ = try call(.setAttributes, path) { Int(chmod(path, mode)) }
    }

    /// Sets the modification time (and the access time alike), of a link itself where `path` is one.
    package static func setModificationTime(_ path: String, nanoseconds: Int64) throws(VarveError) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let time =
            rest < 0
            ? timespec(tv_sec: Int(seconds) - 1, tv_nsec: Int(rest) + 1_000_000_000)
            : timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
        let times = [time, time]
        _ = try call(.setAttributes, path) { Int(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)) }
    }
}
