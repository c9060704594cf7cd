/// Path strings: joined, split, checked. Nothing here touches the disk.
package enum Paths {
    package static func join(_ directory: String, _ name: String) -> String {
        if directory.isEmpty || name.hasPrefix("/") { return name }
        return directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// Directory (`.` where there is none) and last component; trailing slashes are ignored.
    package static func split(_ path: String) -> (directory: String, name: String) {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    /// Whether a relative path from an archive may be joined to an output directory: not empty, not absolute, no
    /// `..`, `.` or empty component, no NUL.
    package static func isSafeRelative(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count < 4096, !path.utf8.contains(0) else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count < 256
        }
    }
}
