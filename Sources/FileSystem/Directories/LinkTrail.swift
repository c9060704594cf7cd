/// Where a symbolic link leads, resolved as the system does it: other links on the way, absolute targets, `..` behind a
/// linked directory.
package struct LinkTrail: Sendable {
    /// The link itself, without links in its own path.
    package let link: String
    /// What is gone through behind it, in order: links, directories, and what it leads to in the end. If any of it goes, the
    /// link leads nowhere. The last one may not be there.
    package private(set) var paths: [String] = []

    /// As many links as Linux follows.
    private static let mostLinks = 40

    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where the link itself cannot be looked at; `.unsupported`
    ///   where a target is no UTF-8.
    package init(_ path: String) throws(VarveError) {
        let (directory, name) = Paths.split(path)
        var here = try SystemCalls.realPath(directory)
        link = Paths.join(here, name)
        var left = Self.parts(try SystemCalls.readSymbolicLink(link), &here)
        var links = 1
        while let part = left.popLast() {
            if part == ".." {
                here = Paths.split(here).directory
                continue
            }
            let next = Paths.join(here, part)
            paths.append(next)
            // Missing, or behind a directory that lets nobody look: nothing more is known of it.
            guard let identity = try? FileIdentity(path: next) else { return }
            switch identity.kind {
            case .symbolicLink:
                links += 1
                guard links <= Self.mostLinks else { return }
                left += Self.parts(try SystemCalls.readSymbolicLink(next), &here)
            case .directory: here = next
            case .regular, .other: return
            }
        }
    }

    /// The components of a link's target, the last one first; an absolute target begins again at the root.
    private static func parts(_ target: String, _ here: inout String) -> [String] {
        if target.utf8.first == UInt8(ascii: "/") { here = "/" }
        return target.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
    }

    /// What it leads to in the end.
    package var end: String { paths.last ?? link }
}
