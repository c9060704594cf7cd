import FileSystem
import TensorFiles

/// A rank's torch file: its tree, and where the tensors of the tree lie.
struct RankFile {
    let index: Int
    let path: String
    let file: TensorFile
    let tree: PickleTree
    let reader: StateDictReader

    /// `nil` where the file holds no tree.
    init?(_ index: Int, among files: [StepFile]) {
        guard let file = files[index].tensorFile, let tree = file.tree,
            let reader = StateDictReader(file, fileIndex: index)
        else { return nil }
        self.index = index
        path = files[index].source.name
        self.file = file
        self.tree = tree
        self.reader = reader
    }

    /// A file of a step that shards are read from.
    /// - Throws: `.unsupported` where it holds no tree: without it the others are no whole.
    static func opened(_ index: Int, among files: [StepFile]) throws(VarveError) -> RankFile {
        guard let file = RankFile(index, among: files) else {
            throw VarveError(.unsupported, "no state dict of torch is in it", file: files[index].source.name)
        }
        return file
    }

    var root: PickleTree.Node { tree.root }

    /// The value under keys, one after the other.
    func value(_ keys: String..., from node: PickleTree.Node? = nil) -> PickleTree.Node? {
        var node = node ?? root
        for key in keys {
            guard let next = tree.value(node, key) else { return nil }
            node = next
        }
        return node
    }

    /// The values of a dict by their keys, whole numbers in decimal.
    func fields(_ node: PickleTree.Node) -> [String: PickleTree.Node] {
        var result: [String: PickleTree.Node] = [:]
        for pair in tree.pairs(node) ?? [] {
            if let key = reader.key(pair.key), result[key] == nil { result[key] = pair.value }
        }
        return result
    }

    /// The value of a dict whose keys are whole numbers, or of a list.
    func value(at number: Int, of node: PickleTree.Node) -> PickleTree.Node? {
        if let elements = tree.elements(node) { return elements.indices.contains(number) ? elements[number] : nil }
        return tree.pairs(node)?.first { tree.integer($0.key) == Int64(number) }?.value
    }

    /// A whole number.
    func number(_ node: PickleTree.Node) -> Int? { tree.integer(node).flatMap { Int(exactly: $0) } }

    /// The tensor that a node stands for.
    func tensor(_ node: PickleTree.Node) -> StoredTensor? { reader.tensor(node, []).map { file.tensors[$0] } }

    func tensorIndex(_ node: PickleTree.Node) -> TensorIndex? { reader.tensorIndex(node, []) }

    /// Where the elements of a tensor begin, in row-major order without gaps.
    /// - Throws: `.unsupported` where they lie otherwise.
    func offset(of tensor: StoredTensor) throws(VarveError) -> UInt64 {
        guard tensor.isContiguous, !tensor.isOpaque, let range = file.byteRange(of: tensor) else {
            throw VarveError(.unsupported, "its elements do not lie in order", file: path, tensor: tensor.name)
        }
        return range.lowerBound
    }

    /// Lets a flat tensor, or the first elements of it, follow in a buffer. An empty one may have lost its type.
    func append(
        _ tensor: StoredTensor, upTo limit: Int = .max, to buffer: inout FlatBuffer?
    ) throws(VarveError) {
        let count = min(tensor.count, limit)
        guard count > 0 else { return }
        var own = buffer ?? FlatBuffer(tensor.dtype)
        guard own.dtype == tensor.dtype else {
            throw VarveError(.malformed, "ranks keep it in different types", file: path, tensor: tensor.name)
        }
        do throws(VarveError) {
            try own.append(count, file: index, offset: try offset(of: tensor))
        } catch { throw error.at(file: path, tensor: tensor.name) }
        buffer = own
    }

    func malformed(_ message: String, _ tensor: String? = nil) -> VarveError {
        VarveError(.malformed, message, file: path, tensor: tensor)
    }
}
