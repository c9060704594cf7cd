import FileSystem

extension TensorFile {
    /// Opens a zip file of `torch.save`; `nil` where it is none.
    static func openTorchZip(_ source: any ByteSource) throws(VarveError) -> TensorFile? {
        guard let archive = try TorchArchive(reading: source) else { return nil }
        var input = PickleInput(source, archive.pickle.data)
        let tree = try PickleMachine.run(&input)
        let list = archive.storages.map {
            Storage(key: archive.key(of: $0), fileOffset: $0.dataOffset, byteCount: $0.byteCount)
        }
        let storages = try TorchStorages(
            list, references: TorchStorageReference.all(in: tree), isBigEndian: isBigEndian(archive, source),
            file: source.name)
        return TensorFile(
            source: source, container: .torchZip, storages: list,
            tensors: try TensorWalk.run(tree, storages, file: source.name), tree: tree)
    }

    /// What the `byteorder` record says; files without one are little-endian.
    private static func isBigEndian(_ archive: TorchArchive, _ source: any ByteSource) throws(VarveError) -> Bool {
        guard let record = archive.record("byteorder") else { return false }
        let text = record.byteCount <= 16 ? try source.bytes(at: record.dataOffset, count: Int(record.byteCount)) : []
        switch String(decoding: text, as: UTF8.self) {
        case "little": return false
        case "big": return true
        default:
            throw VarveError(
                .malformed, "byteorder is neither little nor big", file: source.name, offset: record.dataOffset)
        }
    }
}
