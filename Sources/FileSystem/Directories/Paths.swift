/// Path strings: joined, split, checked. Nothing here touches the disk.
///
/// A path is its bytes: a slash before a combining mark is one `Character` with it, and a separator all the same.
package enum Paths {
    package static func join(_ directory: String, _ name: String) -> String {
        if directory.isEmpty || name.utf8.first == slash { return name }
        return directory.utf8.last == slash ? directory + name : directory + "/" + name
    }

    /// Directory (`.` where there is none) and last component; trailing slashes are ignored.
    package static func split(_ path: String) -> (directory: String, name: String) {
        var bytes = path.utf8[...]
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        guard let at = bytes.lastIndex(of: slash) else { return (".", String(decoding: bytes, as: UTF8.self)) }
        let directory = bytes[..<at]
        return (
            directory.isEmpty ? "/" : String(decoding: directory, as: UTF8.self),
            String(decoding: bytes[bytes.index(after: at)...], as: UTF8.self)
        )
    }

    /// What is left of `path` behind `prefix`, byte by byte; `nil` where it begins otherwise.
    package static func removing(_ prefix: String, from path: String) -> String? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")

    /// Whether a relative path from an archive may be joined to an output directory: not empty, not absolute, no
    /// `..`, `.` or empty component, no NUL, none of the names that unfinished files have.
    package static func isSafeRelative(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count < 4096, !path.utf8.contains(0) else { return false }
        return path.utf8.split(separator: slash, omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) && $0.count < 256
                && !$0.starts(with: OutputFile.temporaryPrefix.utf8)
        }
    }
}
