import FileSystem
import TensorFiles

/// Bytes of all files of an archive.
enum ArchiveSize {
    /// Without what covers the manifests: that is as large as the largest of them, and follows what is forgotten.
    static func withoutParity(_ archive: String) throws -> Int {
        try of(archive) - Trees.bytes(Paths.join(archive, "manifests.parity")).count
    }

    static func of(_ archive: String) throws -> Int {
        try Trees.content(archive).values.reduce(0) { $0 + $1.count }
    }
}
