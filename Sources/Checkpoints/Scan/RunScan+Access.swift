import FileSystem

extension RunScan {
    func entry(_ path: String) -> RunEntry? { index[path].map { entries[$0] } }

    /// Direct members of a directory.
    func children(_ directory: String) -> [RunEntry] { (members[directory] ?? []).map { entries[$0] } }

    func files(_ directory: String) -> [RunEntry] { children(directory).filter { $0.identity.kind == .regular } }

    func directories(_ directory: String) -> [RunEntry] {
        children(directory).filter { $0.identity.kind == .directory }
    }

    /// Names of the direct members.
    func names(_ directory: String) -> [String] { children(directory).map { Paths.split($0.path).name } }

    /// Whether a direct member of this name exists.
    func has(_ directory: String, _ name: String) -> Bool { index[Paths.join(directory, name)] != nil }

    /// The directory itself (unless it is the root) and all below it.
    func subtree(_ directory: String) -> [RunEntry] {
        guard !directory.isEmpty else { return entries }
        guard let start = index[directory] else { return [] }
        let prefix = directory + "/"
        var end = start + 1
        while end < entries.count, entries[end].path.utf8.starts(with: prefix.utf8) { end += 1 }
        return Array(entries[start..<end])
    }

    /// Absolute (or working-directory relative) path of an entry.
    func absolute(_ path: String) -> String { path.isEmpty ? root : Paths.join(root, path) }

    /// The file or directory of the run that a symbolic link leads to, if it leads to one, however its text is spelled.
    func target(of link: RunEntry) -> RunEntry? {
        if let spelled = spelledTarget(of: link) { return spelled }
        guard let identity = try? FileIdentity(path: absolute(link.path), following: true) else { return nil }
        return pathOfInode[InodeKey(identity)].flatMap { entry($0) }
    }

    /// By the link's text, through chains of links, at most eight.
    private func spelledTarget(of link: RunEntry) -> RunEntry? {
        var link = link
        for _ in 0..<8 {
            guard let text = link.linkTarget, let path = resolve(text, from: Paths.split(link.path).directory),
                let entry = entry(path)
            else { return nil }
            if entry.identity.kind != .symbolicLink { return entry }
            link = entry
        }
        return nil
    }

    /// A link's text as a path relative to the run; `nil` where it leaves the run.
    private func resolve(_ target: String, from directory: String) -> String? {
        var parts: [Substring]
        var rest = Substring(target)
        if target.hasPrefix("/") {
            let base = root.hasSuffix("/") ? root : root + "/"
            guard target.hasPrefix(base) else { return nil }
            rest = target.dropFirst(base.count)
            parts = []
        } else {
            parts = directory == "." ? [] : directory.split(separator: "/")
        }
        for part in rest.split(separator: "/") where part != "." {
            if part == ".." {
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
