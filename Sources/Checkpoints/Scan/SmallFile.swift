import FileSystem

/// Reads files that are small by nature, whole.
enum SmallFile {
    static let limit: UInt64 = 256 << 20

    /// - Throws: `.unsupported` beyond the limit.
    static func read(_ path: String) throws(VarveError) -> [UInt8] {
        let source = try InputFile(path)
        guard source.byteCount <= limit else {
            throw VarveError(.unsupported, "\(source.byteCount) bytes are too many for a file of this kind", file: path)
        }
        return try source.bytes(at: 0, count: Int(source.byteCount))
    }
}
