import FileSystem
import TensorFiles

/// torch.distributed.checkpoint: `.metadata` is written last and lists every piece: file, offset, length. Ranks without a
/// tensor of their own write no file, so the list alone tells which files there must be.
enum DistributedPieces: CompletenessRule {
    static let list = ".metadata"

    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        let pieces = folder.files.filter { $0.hasSuffix(".distcp") }
        guard folder.has(list) else {
            guard let first = pieces.first ?? expected(in: folder) else { return nil }
            return folder.incomplete(
                "\(list), which is written last, is missing: the checkpoint is still being written",
                pieces.isEmpty ? first : list)
        }
        for (file, needed) in try needed(folder).sorted(by: { $0.key < $1.key }) {
            guard let there = folder.byteCount(file) else {
                return folder.incomplete("\(list) lists a piece that is not there", file)
            }
            guard there >= needed else {
                return folder.incomplete("\(there) of the \(needed) bytes that \(list) lists are there", file)
            }
        }
        return nil
    }

    /// Folders that accelerate names before anything is in them.
    private static func expected(in folder: CheckpointFolder) -> String? {
        let isNamed = ["pytorch_model_fsdp_", "optimizer_"].contains { prefix in
            folder.name.hasPrefix(prefix) && Int(folder.name.dropFirst(prefix.count)) != nil
        }
        return isNamed && folder.files.isEmpty && folder.folders.isEmpty ? list : nil
    }

    /// Bytes that each file must have.
    private static func needed(_ folder: CheckpointFolder) throws(VarveError) -> [String: UInt64] {
        let source = try InputFile(folder.absolute(list))
        guard source.byteCount > 0 else { throw folder.incomplete("the file is empty", list) }
        let tree = try PickleTree.read(source)
        guard let storage = tree.value(tree.root, "storage_data"), let pairs = tree.pairs(storage) else {
            throw VarveError(.malformed, "it lists no pieces (storage_data)", file: folder.absolute(list))
        }
        var needed: [String: UInt64] = [:]
        for pair in pairs {
            guard let file = tree.value(pair.value, "relative_path").flatMap({ tree.string($0) }),
                let offset = tree.value(pair.value, "offset").flatMap({ tree.integer($0) }), offset >= 0,
                let length = tree.value(pair.value, "length").flatMap({ tree.integer($0) }), length >= 0,
                !file.hasPrefix("/"), !file.split(separator: "/").contains("..")
            else {
                throw VarveError(.malformed, "a piece without file, offset and length", file: folder.absolute(list))
            }
            needed[file] = max(needed[file] ?? 0, UInt64(offset) + UInt64(length))
        }
        return needed
    }
}
