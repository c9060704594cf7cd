import Synchronization

#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#endif

/// The one place where Varve calls the operating system for files.
///
/// Every call first asks the installed `FaultInjector` (tests only), so a test can make the n-th call fail with an
/// errno, write short, or end the process. Interrupted calls (EINTR) are repeated here, short reads and writes by the
/// callers in `InputFile` and `OutputFile`.
package enum SystemCalls {
    /// The calls a test can tell apart.
    package enum Name: String, Sendable, CaseIterable {
        case open, read, write, truncate, sync, close, rename, unlink, makeDirectory, removeDirectory, link,
            symbolicLink, stat, list, setAttributes
    }

    /// Decides the fate of one call. `nil` lets it through; a value makes it fail with that errno. An injector may
    /// also end the process or shorten a write by way of `shortWrite`.
    package protocol FaultInjector: Sendable {
        func errorNumber(for call: Name, path: String) -> Int32?
        /// The most bytes this write may take, `nil` for no limit.
        func shortWrite(path: String, count: Int) -> Int?
    }

    private static let installed = Mutex<(any FaultInjector)?>(nil)
    private static let active = Atomic<Bool>(false)

    /// Installs or, with `nil`, removes the injector of the process. For tests.
    package static func install(_ injector: (any FaultInjector)?) {
        installed.withLock { $0 = injector }
        active.store(injector != nil, ordering: .sequentiallyConsistent)
    }

    /// The injector of a task and its children, beside that of the process. Set by `withInjector`.
    @TaskLocal private static var taskInjector: (any FaultInjector)?
    private static let taskInjectors = Atomic<Int>(0)

    /// Runs `body` with an injector that only its own calls and those of its child tasks ask. For tests.
    package static func withInjector<Result>(
        _ injector: any FaultInjector, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        taskInjectors.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { taskInjectors.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        return try await $taskInjector.withValue(injector) { try await body() }
    }

    /// The errno a test wants for this call, if any.
    @inline(__always)
    private static func injected(_ call: Name, _ path: String) -> Int32? {
        if taskInjectors.load(ordering: .relaxed) > 0, let number = taskInjector?.errorNumber(for: call, path: path) {
            return number
        }
        guard active.load(ordering: .relaxed) else { return nil }
        return installed.withLock { $0?.errorNumber(for: call, path: path) }
    }

    /// Runs `body` until it is not interrupted; a negative result becomes an error that names the path.
    private static func call(_ name: Name, _ path: String, _ body: () -> Int) throws(VarveError) -> Int {
        if let number = injected(name, path) { throw error(number, name, path) }
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno != EINTR { throw error(errno, name, path) }
        }
    }

    /// The `VarveError` for an errno.
    package static func error(_ number: Int32, _ call: Name, _ path: String) -> VarveError {
        let code: VarveError.Code =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .permissionDenied
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EEXIST, ENOTEMPTY: .exists
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
        }
    }

    package static func open(_ path: String, flags: Int32, mode: mode_t = 0o666) throws(VarveError) -> Int32 {
        Int32(try call(.open, path) { Int(Glibc.open(path, flags | O_CLOEXEC, mode)) })
    }

    /// Reads at most `count` bytes at `offset`; 0 at the end of the file.
    package static func read(
        _ descriptor: Int32, _ pointer: UnsafeMutableRawPointer, _ count: Int, at offset: UInt64, path: String
    ) throws(VarveError) -> Int {
        try call(.read, path) { pread(descriptor, pointer, count, off_t(offset)) }
    }

    /// Whether the file system says that the range is a hole. No call for `FaultInjector`: where it fails, the range is
    /// read.
    package static func isHole(_ descriptor: Int32, _ range: Range<UInt64>) -> Bool {
        guard range.upperBound <= UInt64(Int64.max), !range.isEmpty else { return false }
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
        var count = count
        if active.load(ordering: .relaxed), let limit = installed.withLock({ $0?.shortWrite(path: path, count: count) })
        {
            count = min(count, max(1, limit))
        }
        return try call(.write, path) { pwrite(descriptor, pointer, count, off_t(offset)) }
    }

    package static func truncate(_ descriptor: Int32, to size: UInt64, path: String) throws(VarveError) {
        _ = try call(.truncate, path) { Int(ftruncate(descriptor, off_t(size))) }
    }

    package static func sync(_ descriptor: Int32, path: String) throws(VarveError) {
        _ = try call(.sync, path) { Int(fsync(descriptor)) }
    }

    /// Closes without repeating on EINTR: on Linux the descriptor is gone either way.
    package static func close(_ descriptor: Int32, path: String) throws(VarveError) {
        if let number = injected(.close, path) {
            _ = Glibc.close(descriptor)
            throw error(number, .close, path)
        }
        if Glibc.close(descriptor) != 0, errno != EINTR { throw error(errno, .close, path) }
    }

    package static func rename(_ from: String, _ to: String) throws(VarveError) {
        _ = try call(.rename, to) { Int(Glibc.rename(from, to)) }
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
        _ = try call(.link, new) { Int(Glibc.link(existing, new)) }
    }

    package static func symbolicLink(target: String, at path: String) throws(VarveError) {
        _ = try call(.symbolicLink, path) { Int(symlink(target, path)) }
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
        if let number = injected(.list, path) { throw error(number, .list, path) }
        guard let directory = opendir(path) else { throw error(errno, .list, path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
