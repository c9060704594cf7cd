import FileSystem

/// Files that are written last: those of layouts that name one, and accelerate's and Orbax's, which only the other
/// checkpoints tell to be expected.
enum LastMarkers: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        for layout in Layouts.all {
            guard let last = layout.lastFile(of: folder), !folder.has(last) else { continue }
            return missing(last, folder)
        }
        for marker in markers(folder) where !folder.has(marker) {
            // A first checkpoint has nothing beside it; accelerate's own files tell that one is to come.
            guard folder.has("scheduler.bin") || siblings.contains(where: { $0.has(marker) }) else { continue }
            return missing(marker, folder)
        }
        return nil
    }

    private static func missing(_ file: String, _ folder: CheckpointFolder) -> VarveError {
        folder.incomplete("\(file), which is written last, is missing", file)
    }

    private static func markers(_ folder: CheckpointFolder) -> [String] {
        if folder.has("optimizer.bin"), !folder.has(TrainerState.file) { return ["random_states_0.pkl"] }
        let isOrbax =
            folder.has("_CHECKPOINT_METADATA") || folder.has("manifest.ocdbt")
            || folder.folders.contains { folder.folder($0).has("_METADATA") || folder.folder($0).has("manifest.ocdbt") }
        return isOrbax ? ["_CHECKPOINT_METADATA", "commit_success.txt"] : []
    }
}
