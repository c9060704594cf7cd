import FileSystem

/// The storages of a torch file together with the references to them in its pickle.
struct TorchStorages {
    /// In file order.
    let list: [Storage]
    /// By the node of the persistent id.
    let references: [PickleTree.Node: TorchStorageReference]
    let isBigEndian: Bool
    private let indices: [[UInt8]: Int]

    /// - Throws: `.malformed` where a reference disagrees with the size of the storage.
    init(
        _ list: [Storage], references: [PickleTree.Node: TorchStorageReference], isBigEndian: Bool, file: String
    ) throws(VarveError) {
        self.list = list
        self.references = references
        self.isBigEndian = isBigEndian
        var indices: [[UInt8]: Int] = [:]
        for (index, storage) in list.enumerated() { indices[Array(storage.key.utf8)] = index }
        self.indices = indices
        for (_, reference) in references.sorted(by: { $0.key < $1.key }) where reference.location != "meta" {
            guard let index = self.index(of: reference.key), reference.elementBytes != nil else { continue }
            guard reference.byteCount == list[index].byteCount else {
                throw VarveError(
                    .malformed,
                    "storage \(reference.key) has \(list[index].byteCount) bytes, the pickle says \(reference.count) elements",
                    file: file, offset: list[index].fileOffset)
            }
        }
    }

    func index(of key: String) -> Int? { indices[Array(key.utf8)] }
}

/// What a persistent id of a torch pickle says: `("storage", class, key, location, numel[, view])`.
struct TorchStorageReference {
    /// A slice of the storage that stands for it (legacy files), in elements.
    struct View {
        var offset: Int64
        var count: Int64
    }

    var key: String
    /// `cpu`, `cuda:0`, ...; `meta` storages have no bytes.
    var location: String
    /// In elements of the class's dtype, in bytes for the untyped one.
    var count: Int64
    var isUntyped: Bool
    /// `nil` where the class is untyped or unknown.
    var dtype: DType?
    var view: View?

    /// - Returns: `nil` where the persistent id stands for something else (`("module", ...)`).
    init?(_ node: PickleTree.Node, in tree: PickleTree) {
        guard let parts = tree.elements(node), parts.count >= 5, tree.text(parts[0]) == "storage",
            case .global(let module, let name) = tree[parts[1]],
            let key = tree.text(parts[2]) ?? tree.integer(parts[2]).map(String.init),
            let location = tree.text(parts[3]), let count = tree.integer(parts[4])
        else { return nil }
        self.key = key
        self.location = location
        self.count = count
        isUntyped = name == "UntypedStorage" || name == "_UntypedStorage"
        dtype = module == "torch" || module.hasPrefix("torch.") ? DType(torchStorageClass: name) : nil
        if parts.count > 5, let view = tree.elements(parts[5]), view.count == 3 {
            guard let offset = tree.integer(view[1]), let size = tree.integer(view[2]) else { return nil }
            self.view = View(offset: offset, count: size)
        }
    }

    /// Bytes of one of `count`; `nil` for an unknown class.
    var elementBytes: Int? { isUntyped ? 1 : dtype.map { $0.bits / 8 } }

    /// Bytes of the storage. `nil` for an unknown class, a negative count or an overflow.
    var byteCount: UInt64? {
        guard let elementBytes, count >= 0 else { return nil }
        let (bytes, overflow) = UInt64(count).multipliedReportingOverflow(by: UInt64(elementBytes))
        return overflow ? nil : bytes
    }

    /// The references of a tree's persistent ids, by the node of the id.
    static func all(in tree: PickleTree) -> [PickleTree.Node: TorchStorageReference] {
        var result: [PickleTree.Node: TorchStorageReference] = [:]
        for (index, value) in tree.nodes.enumerated() {
            guard case .persistent(let identifier) = value else { continue }
            result[PickleTree.Node(index)] = TorchStorageReference(identifier, in: tree)
        }
        return result
    }
}
