import FileSystem

/// Orbax: an item's folder holds `_METADATA` and an OCDBT store, whose manifest carries its own length.
///
/// Which data files the store's trees refer to is not looked up: folders get their final name when all is written.
enum OrbaxStores: CompletenessRule {
    private static let manifest = "manifest.ocdbt"
    private static let descriptions = ["_CHECKPOINT_METADATA", "_METADATA", "_sharding"]

    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        for name in descriptions where folder.has(name) {
            try JSONCompleteness.check(try InputFile(folder.absolute(name)))
        }
        if folder.has("commit_success.txt"), folder.byteCount("commit_success.txt") == 0 {
            return folder.incomplete("the file is empty", "commit_success.txt")
        }
        let isStore = folder.has(manifest) || folder.folders.contains { $0.hasPrefix("ocdbt.process_") }
        guard isStore else { return nil }
        guard folder.has(manifest) else { return folder.incomplete("the store's manifest is missing", manifest) }
        try checkManifest(folder)
        if folder.has("_sharding"), !folder.has("_METADATA") {
            return folder.incomplete("the description of the store's tree is missing", "_METADATA")
        }
        let data = folder.folders.contains("d") ? folder.folder("d") : nil
        guard let data else { return folder.incomplete("the store's data is missing", "d") }
        guard let empty = data.files.first(where: { data.byteCount($0) == 0 }) else { return nil }
        return data.incomplete("the file is empty", empty)
    }

    /// The first bytes: 0cdb3a2a, then the file's length.
    private static func checkManifest(_ folder: CheckpointFolder) throws(VarveError) {
        let source = try InputFile(folder.absolute(manifest))
        let head = try source.bytes(at: 0, count: Int(min(source.byteCount, 12)))
        let length = head.dropFirst(4).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard head.count == 12, head.starts(with: [0x0C, 0xDB, 0x3A, 0x2A]), length == source.byteCount else {
            throw folder.incomplete("the store's manifest is cut off or none", manifest)
        }
    }
}
