import FileSystem
import TensorFiles
import VarveTestSupport

/// A file system as far as a loss of power concerns it: what is on the disk for certain, and what is not yet.
///
/// - A file's bytes and size are certain as of its last fsync. Writes since then are pending, each 4 KiB page by itself,
///   as is each change of size.
/// - A directory's names are certain as of its last fsync. Names made, moved or removed since then are pending, each
///   change by itself; moving is one change. fsync of a file says nothing of its name.
///
/// When the power fails, any of the pending changes has happened and any other has not, in no order.
struct DiskModel {
    static let page: UInt64 = 4096

    enum FileChange {
        case resize(to: UInt64)
        /// A write behind the end makes the file this long.
        case grow(to: UInt64)
        case write(offset: UInt64, bytes: ArraySlice<UInt8>)
    }

    struct Node {
        var kind: FileIdentity.Kind
        /// Of a file as of the last fsync; of a link its target.
        var certain: [UInt8] = []
        var pending: [FileChange] = []
        var byteCount: UInt64 = 0
        var mode: UInt32?
        var modified: Int64?
    }

    struct Name: Hashable {
        var directory: Int
        var name: String
    }

    /// Names that change together; `nil` where one goes.
    struct NameChange {
        var names: [(Name, Int?)]
    }

    private(set) var nodes: [Node] = [Node(kind: .directory)]
    /// Names as the program sees them, and as they are on the disk for certain. Node 0 is the root.
    private(set) var names: [Name: Int] = [:]
    private(set) var certainNames: [Name: Int] = [:]
    private(set) var pendingNames: [NameChange] = []
    private var open: [Int: Int] = [:]
    private let root: String

    /// Everything in `tree` is on the disk for certain.
    /// - Parameter root: the directory in which changes were recorded.
    init(_ tree: Tree, root: String) {
        self.root = root
        var files: [UInt64: Int] = [:]
        for (path, item) in tree.nodes.sorted(by: { $0.key < $1.key }) {
            if item.kind == .regular, let node = files[item.inode], let name = name(root + "/" + path) {
                names[name] = node
                continue
            }
            files[item.inode] = nodes.count
            var node = Node(kind: item.kind, certain: item.content, mode: item.mode, modified: item.modified)
            node.byteCount = UInt64(item.content.count)
            nodes.append(node)
            if let name = name(root + "/" + path) { names[name] = nodes.count - 1 }
        }
        certainNames = names
    }

    /// The entry that a path means; `nil` where a directory above it is missing.
    private func name(_ path: String) -> Name? {
        guard let relative = Paths.removing(root + "/", from: path) else { return nil }
        var components = relative.split(separator: "/").map(String.init)
        let last = components.removeLast()
        var directory = 0
        for component in components {
            guard let next = names[Name(directory: directory, name: component)] else { return nil }
            directory = next
        }
        return Name(directory: directory, name: last)
    }

    private mutating func change(_ changes: [(Name, Int?)]) {
        for (name, node) in changes { names[name] = node }
        pendingNames.append(NameChange(names: changes))
    }

    private mutating func make(_ path: String, _ node: Node) {
        guard let name = name(path) else { return }
        nodes.append(node)
        change([(name, nodes.count - 1)])
    }

    mutating func apply(_ recorded: RecordedCalls.Change) {
        switch recorded {
        case .open(let file, let path, let mayCreate, let isEmptied):
            if path == root { open[file] = 0 }
            guard let name = name(path) else { return }
            if names[name] == nil, mayCreate { make(path, Node(kind: .regular)) }
            guard let node = names[name] else { return }
            open[file] = node
            if isEmptied, nodes[node].byteCount > 0 { resize(node, to: 0) }
        case .write(let file, let offset, let bytes):
            guard let node = open[file] else { return }
            write(node, offset, bytes)
        case .resize(let file, let byteCount):
            if let node = open[file] { resize(node, to: byteCount) }
        case .sync(let file):
            if let node = open[file] { sync(node) }
        case .rename(let from, let to):
            guard let old = name(from), let new = name(to), let node = names[old] else { return }
            change([(old, nil), (new, node)])
        case .unlink(let path), .removeDirectory(let path):
            if let name = name(path), names[name] != nil { change([(name, nil)]) }
        case .makeDirectory(let path): make(path, Node(kind: .directory))
        case .link(let existing, let path):
            if let old = name(existing), let node = names[old], let new = name(path) { change([(new, node)]) }
        case .symbolicLink(let target, let path):
            // A link's target lies in its inode and comes with the name.
            make(path, Node(kind: .symbolicLink, certain: Array(target.utf8)))
        case .told: break
        }
    }

    private mutating func write(_ node: Int, _ offset: UInt64, _ bytes: [UInt8]) {
        let end = offset + UInt64(bytes.count)
        if end > nodes[node].byteCount {
            nodes[node].byteCount = end
            nodes[node].pending.append(.grow(to: end))
        }
        var done = 0
        while done < bytes.count {
            let position = offset + UInt64(done)
            let count = min(bytes.count - done, Int(Self.page - position % Self.page))
            nodes[node].pending.append(.write(offset: position, bytes: bytes[done..<done + count]))
            done += count
        }
    }

    private mutating func resize(_ node: Int, to byteCount: UInt64) {
        nodes[node].byteCount = byteCount
        nodes[node].pending.append(.resize(to: byteCount))
    }

    private mutating func sync(_ node: Int) {
        guard nodes[node].kind == .directory else {
            nodes[node].certain = Self.content(nodes[node], keeping: { true }, stale: 0)
            nodes[node].pending = []
            return
        }
        var waiting: [NameChange] = []
        for change in pendingNames {
            // A move between two directories is certain when both are.
            let rest = change.names.contains { $0.0.directory != node }
            let mine = change.names.contains { $0.0.directory == node }
            if mine && !rest {
                for (name, target) in change.names { certainNames[name] = target }
            } else if mine, let moved = change.names.first(where: { $0.1 != nil }), moved.0.directory == node {
                // What was moved here stays; that it is gone from where it was is not certain.
                certainNames[moved.0] = moved.1
                waiting.append(NameChange(names: change.names.filter { $0.0.directory != node }))
            } else {
                waiting.append(change)
            }
        }
        pendingNames = waiting
    }

    /// A file's bytes with those of the pending changes that `keeping` says happened.
    /// - Parameter stale: what a page has that belongs to the file and was never written.
    static func content(_ node: Node, keeping: () -> Bool, stale: UInt8) -> [UInt8] {
        var bytes = node.certain
        for change in node.pending {
            let isKept = keeping()
            switch change {
            case .resize(let size):
                guard isKept else { continue }
                if size < bytes.count { bytes.removeLast(bytes.count - Int(size)) }
                bytes += [UInt8](repeating: 0, count: Int(size) - bytes.count)
            case .grow(let size):
                guard isKept, Int(size) > bytes.count else { continue }
                bytes += [UInt8](repeating: stale, count: Int(size) - bytes.count)
            case .write(let offset, let part):
                guard isKept, Int(offset) < bytes.count else { continue }
                let count = min(part.count, bytes.count - Int(offset))
                bytes.replaceSubrange(Int(offset)..<Int(offset) + count, with: part.prefix(count))
            }
        }
        return bytes
    }
}
