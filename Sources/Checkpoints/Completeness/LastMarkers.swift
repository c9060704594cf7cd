import FileSystem

/// Files that accelerate, SpeechBrain and Orbax write last.
enum LastMarkers: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        let isSpeechBrain = folder.name.hasPrefix("CKPT+") && folder.files.contains { $0.hasSuffix(".ckpt") }
        if isSpeechBrain, !folder.has(SpeechBrainLayout.marker) {
            return folder.incomplete(
                "\(SpeechBrainLayout.marker), which is written last, is missing", SpeechBrainLayout.marker)
        }
        for marker in markers(folder) where !folder.has(marker) {
            // A first checkpoint has nothing beside it; accelerate's own files tell that one is to come.
            guard folder.has("scheduler.bin") || siblings.contains(where: { $0.has(marker) }) else { continue }
            return folder.incomplete("\(marker), which is written last, is missing", marker)
        }
        return nil
    }

    private static func markers(_ folder: CheckpointFolder) -> [String] {
        if folder.has("optimizer.bin"), !folder.has(TrainerLayout.stateFile) { return ["random_states_0.pkl"] }
        let isOrbax =
            folder.has("_CHECKPOINT_METADATA") || folder.has("manifest.ocdbt")
            || folder.folders.contains { folder.folder($0).has("_METADATA") || folder.folder($0).has("manifest.ocdbt") }
        return isOrbax ? ["_CHECKPOINT_METADATA", "commit_success.txt"] : []
    }
}
