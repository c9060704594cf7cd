import FileSystem

extension TensorFile {
    /// LONG1 of ten bytes, `0x1950a86a20f9469cfc6c`, and STOP: what the first of the five pickles ends with.
    private static let legacyMagic: [UInt8] = [
        0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    /// Whether the file begins with the magic number of torch's format before 1.6, as pickle protocol 2 or later writes
    /// it; a file cut within the magic counts once five bytes are there.
    private static func looksLikeTorchLegacy(_ source: any ByteSource) throws(VarveError) -> Bool {
        let head = try source.bytes(at: 0, count: Int(min(source.byteCount, 24)))
        guard head.count >= 5, head[0] == 0x80, head[1] >= 2, head[1] <= 5 else { return false }
        let start = head[2] == 0x95 ? 11 : 2
        guard start < head.count, start == 2 || head.count > 13 else { return false }
        return zip(head[start...], legacyMagic).allSatisfy { $0 == $1 }
    }

    /// Opens a file of `torch.save` before 1.6: five pickles, then the storages in the order of the fifth.
    /// - Returns: `nil` where the file is none, or has storages of a class whose size is not known.
    static func openTorchLegacy(_ source: any ByteSource) throws(VarveError) -> TensorFile? {
        guard try looksLikeTorchLegacy(source) else { return nil }
        var input = PickleInput(source, 0..<source.byteCount)
        _ = try PickleMachine.run(&input)
        let version = try PickleMachine.run(&input)
        guard version.integer(version.root) == 1001 else {
            throw input.failure(.unsupported, "protocol version of the file is not 1001")
        }
        let system = try PickleMachine.run(&input)
        let tree = try PickleMachine.run(&input)
        let keyList = try PickleMachine.run(&input)
        guard let keys = keyList.elements(keyList.root) else { throw input.failure(.malformed, "no list of storages") }

        let references = TorchStorageReference.all(in: tree)
        var byKey: [[UInt8]: TorchStorageReference] = [:]
        for (_, reference) in references.sorted(by: { $0.key < $1.key }) {
            byKey[Array(reference.key.utf8)] = reference
        }
        var storages: [Storage] = []
        for key in keys {
            guard let key = keyList.text(key), let reference = byKey.removeValue(forKey: Array(key.utf8)) else {
                throw input.failure(.malformed, "a storage that the pickle does not name, or names twice")
            }
            guard let elementBytes = reference.elementBytes else { return nil }
            let position = input.position
            let count = Int64(bitPattern: try input.unsigned(8))
            guard count == reference.count, let byteCount = reference.byteCount else {
                throw input.failure(
                    .malformed, "storage \(key) has \(count) elements, the pickle says \(reference.count)", at: position
                )
            }
            guard byteCount <= input.remaining else {
                throw input.failure(
                    .truncated,
                    "storage \(key) has \(count) elements of \(elementBytes) bytes, \(input.remaining) bytes are left")
            }
            storages.append(Storage(key: key, fileOffset: input.position, byteCount: byteCount))
            try input.skip(byteCount)
        }
        guard input.remaining == 0 else {
            throw input.failure(.malformed, "\(input.remaining) bytes behind the last storage")
        }
        let isBigEndian = system.value(system.root, "little_endian").map { system[$0] == .bool(false) } ?? false
        let torchStorages = try TorchStorages(
            storages, references: references, isBigEndian: isBigEndian, file: source.name)
        return TensorFile(
            source: source, container: .torchLegacy, storages: storages,
            tensors: try TensorWalk.run(tree, torchStorages, file: source.name), tree: tree)
    }
}
