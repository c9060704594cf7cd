import TensorFiles

/// Bytes of all files of an archive.
enum ArchiveSize {
    static func of(_ archive: String) throws -> Int {
        try Trees.content(archive).values.reduce(0) { $0 + $1.count }
    }
}
