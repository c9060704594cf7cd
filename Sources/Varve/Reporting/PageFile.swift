import FileSystem
import TensorFiles

/// A page of HTML that Varve wrote, or is about to write.
package enum PageFile {
    /// What every page has near its beginning, up to the version.
    package static let mark = "<meta name=\"generator\" content=\"varve "

    /// The mark is within so many bytes.
    private static let beginning = 512

    /// Writes a page under a temporary name, then under its own. A symbolic link stays one: its target is replaced.
    /// - Throws: `.exists` where there is a file that is no page of Varve, unless it may be replaced; `.unsupported` where
    ///   there is no regular file; errors of the file system.
    package static func write(_ html: String, to path: String, overwrite: Bool) throws(VarveError) {
        let file = try OutputFile(target(path, overwrite: overwrite))
        try file.write(Array(html.utf8), at: 0)
        try file.commit(sync: false)
    }

    /// Where a page with this path is written; to be asked before long work as well.
    /// - Throws: as `write`.
    @discardableResult package static func target(_ path: String, overwrite: Bool) throws(VarveError) -> String {
        do throws(VarveError) {
            _ = try SystemCalls.status(path, following: false)
        } catch  where error.code == .notFound {
            return path
        }
        let target = try SystemCalls.realPath(path)
        let file = try InputFile(target)
        if overwrite || file.byteCount == 0 { return target }
        var start = [UInt8](repeating: 0, count: Int(min(file.byteCount, UInt64(beginning))))
        var failure: VarveError?
        start.withUnsafeMutableBytes { buffer in
            do throws(VarveError) { try file.read(at: 0, into: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        guard String(decoding: start, as: UTF8.self).contains(mark) else {
            throw VarveError(.exists, "the file is no page of Varve; `overwrite` replaces it", file: path)
        }
        return target
    }

    /// SHA-256 of a text.
    package static func digest(_ text: String) -> [UInt8] {
        let digits = Array(SHA256.hash(Array(text.utf8)).utf8)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }
}
