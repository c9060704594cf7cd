import Glibc
import FileSystem

/// A new directory that goes away, with everything in it, when the object does.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        let base = Environment.value("TMPDIR") ?? "/tmp"
        var template = Array((base + "/varve-test-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else {
            throw VarveError(.inputOutput, "no temporary directory", file: base)
        }
        path = String(cString: made)
    }

    deinit { try? Directories.remove(path) }

    public func file(_ name: String) -> String { Paths.join(path, name) }

    /// Writes a file, with the directories above it.
    public func write(_ bytes: [UInt8], to name: String) throws {
        try Directories.create(Paths.split(file(name)).directory)
        let output = try OutputFile(file(name), byteCount: UInt64(bytes.count))
        try output.write(bytes, at: 0)
        try output.commit(sync: false)
    }

    public func read(_ name: String) throws -> [UInt8] {
        let input = try InputFile(file(name))
        return try input.bytes(at: 0, count: Int(input.byteCount))
    }
}
