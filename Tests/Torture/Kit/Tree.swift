package import FileSystem

/// What a directory holds, to be compared with what it held or should hold.
package struct Tree: Sendable {
    package struct Node: Sendable {
        package var kind: FileIdentity.Kind
        /// Of a file its bytes, of a link its target.
        package var content: [UInt8]
        package var mode: UInt32
        package var modified: Int64
        /// Tells which names are of one file; means nothing in another tree.
        package var inode: UInt64

        /// Modes and times alike. A directory that is made for what lies in it has the time of that.
        func hasAttributes(of other: Node) -> Bool {
            mode == other.mode && (modified == other.modified || !hasKnownTime && !other.hasKnownTime)
        }

        /// Whether it was set, by `TortureRun` or by a restore.
        private var hasKnownTime: Bool { kind != .directory || modified < 1_750_000_000_000_000_000 }
    }

    /// By path relative to the directory.
    package var nodes: [String: Node] = [:]

    /// - Parameter except: paths that are left out, with all below them.
    package init() {}

    package init(_ root: String, except: Set<String> = []) throws {
        try visit(root, "", except)
    }

    private mutating func visit(_ root: String, _ relative: String, _ except: Set<String>) throws {
        let path = relative.isEmpty ? root : Paths.join(root, relative)
        for name in try SystemCalls.list(path) {
            let below = relative.isEmpty ? name : relative + "/" + name
            guard !except.contains(below) else { continue }
            let full = Paths.join(root, below)
            let identity = try FileIdentity(path: full)
            var node = Node(
                kind: identity.kind, content: [], mode: identity.mode, modified: identity.modified,
                inode: identity.inode)
            switch identity.kind {
            case .regular: node.content = try Tree.bytes(full)
            case .symbolicLink: node.content = Array(try SystemCalls.readSymbolicLink(full).utf8)
            case .directory, .other: break
            }
            nodes[below] = node
            if identity.kind == .directory { try visit(root, below, except) }
        }
    }

    package static func bytes(_ path: String) throws -> [UInt8] {
        let file = try InputFile(path)
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }

    /// Takes over what another tree has of a directory.
    mutating func take(_ directory: String, from other: Tree) {
        func isPart(_ path: String) -> Bool { path == directory || path.hasPrefix(directory + "/") }
        nodes = nodes.filter { !isPart($0.key) }.merging(other.nodes.filter { isPart($0.key) }) { $1 }
    }

    /// The part below a directory, under its paths in there.
    package func below(_ directory: String) -> Tree {
        var part = self
        part.nodes = [:]
        for (path, node) in nodes {
            if let inside = Paths.removing(directory + "/", from: path) { part.nodes[inside] = node }
        }
        return part
    }

    /// Names of the paths that differ, a few of them. Modes and times count only `withAttributes`.
    package func differences(from other: Tree, withAttributes: Bool = false) -> [String] {
        Set(nodes.keys).union(other.nodes.keys).filter { path in
            guard let mine = nodes[path], let theirs = other.nodes[path] else { return true }
            if mine.kind != theirs.kind || mine.content != theirs.content { return true }
            return withAttributes && !mine.hasAttributes(of: theirs)
        }.sorted()
    }
}
