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
