import Glibc
package import TensorFiles

/// The right to write to an archive: an advisory lock on its file `lock`, which says who holds it.
///
/// The system drops the lock when its owner ends in whatever way, so a stale one cannot stay.
package final class ArchiveLock {
    private let descriptor: Int32
    private let path: String

    /// - Throws: `.locked` with the owner's note; `.unsupported` where something else has the lock's name;
    ///   `.permissionDenied`, `.inputOutput`.
    package init(_ layout: ArchiveLayout) throws(VarveError) {
        let path = layout.lock
        self.path = path
        while true {
            let descriptor = try SystemCalls.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
            var isKept = false
            defer { if !isKept { SystemCalls.discard(descriptor, path: path) } }
            guard try SystemCalls.lock(descriptor, path: path) else {
                var note = [UInt8](repeating: 0, count: 256)
                let count = (try? SystemCalls.read(descriptor, &note, note.count, at: 0, path: path)) ?? 0
                throw VarveError(
                    .locked,
                    "another process writes to this archive: \(String(decoding: note[..<count], as: UTF8.self))",
                    file: layout.root)
            }
            // The former owner may have removed the file between our open and our lock.
            let mine = FileIdentity(try SystemCalls.status(descriptor, path: path))
            do throws(VarveError) {
                isKept = try FileIdentity(path: path).inode == mine.inode
            } catch  where error.code == .notFound {
                continue
            }
            if isKept {
                self.descriptor = descriptor
                break
            }
        }
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let note = Array(
            "process \(getpid()) on \(String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)) since \(Self.now())"
                .utf8)
        // Another name of a file that lies elsewhere: its content is not for us to replace.
        let status = try SystemCalls.status(descriptor, path: path)
        guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            throw VarveError(.unsupported, "the lock is no file of its own; remove it", file: path)
        }
        try SystemCalls.truncate(descriptor, to: 0, path: path)
        _ = try note.withUnsafeBytesTyped { (buffer) throws(VarveError) -> Int in
            guard let pointer = buffer.baseAddress else { return 0 }
            return try SystemCalls.write(descriptor, pointer, buffer.count, at: 0, path: path)
        }
    }

    /// The time in UTC, `2026-01-31T23:59:59Z`.
    private static func now() -> String {
        var seconds = time(nil), parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? SystemCalls.unlink(path)
        SystemCalls.discard(descriptor, path: path)
    }
}
