import Glibc
import ChainArchive
import FileSystem
import TensorFiles

/// What a user can see of a tree: everything that a restored one must have in common with its original.
struct FileFacts: Equatable, CustomStringConvertible {
    var mode: UInt32
    var modified: Int64
    var kind: FileIdentity.Kind
    var content: [UInt8]
    /// The first path, in bytewise order, that is the same file.
    var sameAs: [UInt8]

    var description: String {
        "mode \(String(mode, radix: 8)) time \(modified) \(kind) of \(content.count) bytes, \(checksum64(content))"
    }

    /// By path relative to `root`, `.` for the root itself.
    static func of(_ root: String) throws -> [String: FileFacts] {
        var result: [String: FileFacts] = [:]
        var first: [UInt64: [UInt8]] = [:]
        func visit(_ relative: String) throws {
            let path = relative == "." ? root : Paths.join(root, relative)
            let identity = try FileIdentity(path: path)
            var content: [UInt8] = []
            switch identity.kind {
            case .regular: content = try Trees.bytes(path)
            case .symbolicLink: content = Array(try SystemCalls.readSymbolicLink(path).utf8)
            default: break
            }
            let name = Array(relative.utf8)
            let same = identity.kind == .regular ? first[identity.inode, default: name] : name
            if identity.kind == .regular { first[identity.inode] = same }
            result[relative] = FileFacts(
                mode: identity.mode, modified: identity.modified, kind: identity.kind, content: content, sameAs: same)
            guard identity.kind == .directory else { return }
            for name in try SystemCalls.list(path) { try visit(relative == "." ? name : Paths.join(relative, name)) }
        }
        try visit(".")
        return result
    }

    /// Paths where two trees differ, and how. `ignoringRoot`: a run's own directory has the time it was made at.
    static func differences(_ left: String, _ right: String, ignoringRoot: Bool = false) throws -> [String] {
        let a = try of(left), b = try of(right)
        return Set(a.keys).union(b.keys).sorted().compactMap { path in
            if a[path] == b[path] || (ignoringRoot && path == ".") { return nil }
            return "\(path): \(a[path].map(\.description) ?? "missing") -> \(b[path].map(\.description) ?? "missing")"
        }
    }

    /// Bytes that a file takes on disk.
    static func allocated(_ path: String) throws -> Int {
        Int(try SystemCalls.status(path, following: false).st_blocks) * 512
    }
}
