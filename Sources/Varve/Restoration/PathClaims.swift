import ChainArchive
import FileSystem
import TensorFiles

/// What stands where in a tree that does not exist yet.
///
/// Kept as a tree: a path of thousands of directories costs its bytes, not those of every path above it.
struct PathClaims: Sendable {
    enum Claim: Sendable {
        case directory, file, link

        init(_ kind: Entry.Kind) {
            self =
                switch kind {
                case .directory: .directory
                case .symbolicLink: .link
                case .file, .hardLink, .copy, .variant: .file
                }
        }
    }

    /// A name in a directory, by its bytes.
    private struct Key: Sendable, Hashable {
        var parent: Int
        var name: [UInt8]
    }

    private struct Node: Sendable {
        var key: Key
        var claim: Claim
    }

    /// The first is the root; what lies in a directory comes after it.
    private var nodes = [Node(key: Key(parent: -1, name: []), claim: .directory)]
    private var index: [Key: Int] = [:]

    func isFile(_ path: String) -> Bool {
        var node = 0
        for name in Self.components(path) {
            guard let next = index[Key(parent: node, name: Array(name))] else { return false }
            node = next
        }
        return nodes[node].claim == .file
    }

    /// - Throws: `.exists` where the path, or one above it, is something else; nothing is claimed then.
    mutating func add(_ path: String, _ claim: Claim) throws(VarveError) {
        let components = Self.components(path)
        var node = 0, known = 0
        for name in components {
            guard nodes[node].claim == .directory else {
                throw VarveError(.exists, "\(path) lies under a file or a link")
            }
            guard let next = index[Key(parent: node, name: Array(name))] else { break }
            (node, known) = (next, known + 1)
        }
        guard known < components.count else {
            guard nodes[node].claim == .directory, claim == .directory else {
                throw VarveError(.exists, "two things have the path \(path)")
            }
            return
        }
        for (position, name) in components.enumerated().dropFirst(known) {
            node = append(Key(parent: node, name: Array(name)), position == components.count - 1 ? claim : .directory)
        }
    }

    /// - Throws: `.exists` where anything excludes the other; nothing is claimed then.
    mutating func add(_ other: PathClaims) throws(VarveError) {
        // Where each of the other's nodes stands here; nowhere below one that is new.
        var counterparts: [Int?] = [0]
        for node in other.nodes.dropFirst() {
            let parent = counterparts[node.key.parent]
            let there = parent.flatMap { index[Key(parent: $0, name: node.key.name)] }
            if let there, nodes[there].claim != .directory || node.claim != .directory {
                throw VarveError(.exists, "two things have the path \(path(of: there))")
            }
            counterparts.append(there)
        }
        for (position, node) in other.nodes.enumerated() where counterparts[position] == nil {
            guard let parent = counterparts[node.key.parent] else { continue }
            counterparts[position] = append(Key(parent: parent, name: node.key.name), node.claim)
        }
    }

    private mutating func append(_ key: Key, _ claim: Claim) -> Int {
        nodes.append(Node(key: key, claim: claim))
        index[key] = nodes.count - 1
        return nodes.count - 1
    }

    private func path(of node: Int) -> String {
        var names: [String] = [], node = node
        while node > 0 {
            names.append(String(decoding: nodes[node].key.name, as: UTF8.self))
            node = nodes[node].key.parent
        }
        return names.reversed().joined(separator: "/")
    }

    private static func components(_ path: String) -> [Substring.UTF8View] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }
}
