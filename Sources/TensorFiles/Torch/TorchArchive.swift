import FileSystem

/// A zip file that `torch.save` wrote: its records by their role.
struct TorchArchive {
    /// Every record, in file order.
    let records: [ZipRecord]
    /// The folder of all records, with the slash.
    let prefix: [UInt8]
    let pickle: ZipRecord
    /// The `data/KEY` records, in file order.
    let storages: [ZipRecord]

    /// A pickle this large is no checkpoint's structure any more: the file is kept whole.
    private static let pickleLimit: UInt64 = 1 << 31

    /// - Returns: `nil` for anything that is not such a file: no zip file, another kind of zip file, a TorchScript
    ///   archive, compressed or encrypted records.
    /// - Throws: `.truncated`, `.malformed` where the file begins like one and breaks the rules; `.inputOutput`.
    init?(reading source: any ByteSource) throws(VarveError) {
        guard source.byteCount >= 4, try source.bytes(at: 0, count: 4) == ZipDirectory.localSignature else {
            return nil
        }
        let directory: ZipDirectory
        do throws(VarveError) {
            directory = try ZipDirectory(reading: source)
        } catch {
            let isBroken = error.code == .truncated || error.code == .malformed
            if isBroken, try !Self.beginsWithPickle(source) { return nil }
            throw error
        }
        guard let slash = directory.firstName.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let prefix = Array(directory.firstName[...slash])
        guard let pickle = directory.record(prefix + Array("data.pkl".utf8)), pickle.byteCount <= Self.pickleLimit,
            directory.record(prefix + Array("constants.pkl".utf8)) == nil,
            directory.records.allSatisfy({
                $0.method == 0 && $0.flags & 1 == 0 && !$0.name.starts(with: prefix + Array("code/".utf8))
            })
        else { return nil }
        self.prefix = prefix
        self.records = directory.records
        self.pickle = pickle
        let dataPrefix = prefix + Array("data/".utf8)
        storages = directory.records.filter { $0.name.starts(with: dataPrefix) }
    }

    func record(_ name: String) -> ZipRecord? {
        let wanted = prefix + Array(name.utf8)
        return records.first { $0.name == wanted }
    }

    /// The storage key of one of `storages`.
    func key(of record: ZipRecord) -> String {
        String(decoding: record.name.dropFirst(prefix.count + 5), as: UTF8.self)
    }

    /// Whether the first local header is that of `NAME/data.pkl`, which torch always writes first; a file too short to
    /// say counts.
    private static func beginsWithPickle(_ source: any ByteSource) throws(VarveError) -> Bool {
        guard source.byteCount >= 30 else { return true }
        let header = try source.bytes(at: 0, count: 30)
        let nameCount = Int(header.littleEndian(UInt16.self, at: 26))
        guard source.byteCount - 30 >= UInt64(nameCount) else { return true }
        return try source.bytes(at: 30, count: nameCount).reversed().starts(with: "/data.pkl".utf8.reversed())
    }
}

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
