import FileSystem

/// The Hugging Face Trainer: `trainer_state.json` is rank 0's last file. Weights may lie in folders of FSDP or DeepSpeed.
enum TrainerFiles: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        if isMeantToHaveState(folder, siblings), !folder.has(TrainerState.file) {
            return folder.incomplete(
                "\(TrainerState.file), which is written last, is missing: the checkpoint is still being written",
                TrainerState.file)
        }
        guard folder.has(TrainerState.file) else { return nil }
        return missingWeights(folder, siblings) ?? missingOptimizer(folder) ?? missingRandomState(folder)
            ?? latest(folder)
    }

    /// Whether the folder holds what only the Trainer writes, and writes before its state.
    private static func isMeantToHaveState(_ folder: CheckpointFolder, _ siblings: [CheckpointFolder]) -> Bool {
        if folder.has("training_args.bin") { return true }
        guard folder.name.hasPrefix("checkpoint-"), Int(folder.name.dropFirst("checkpoint-".count)) != nil else {
            return false
        }
        if folder.has("scheduler.pt") || folder.files.contains(where: { isRandomState($0) }) { return true }
        if !weightFolders(folder).isEmpty || folder.folders.contains("optimizer_0") { return true }
        return siblings.contains { $0.has(TrainerState.file) }
    }

    private static func isRandomState(_ name: String) -> Bool { name.hasPrefix("rng_state") && name.hasSuffix(".pth") }

    /// Ranks whose random state is there.
    private static func randomStates(_ folder: CheckpointFolder) -> Set<Int> {
        ranks(of: folder, "rng_state_", ".pth")
    }

    /// Ranks whose weights are there, in a file of each: FSDP's LOCAL_STATE_DICT.
    private static func rankWeights(_ folder: CheckpointFolder) -> Set<Int> {
        ranks(of: folder, "pytorch_model_fsdp_rank", ".bin")
    }

    /// The numbers between the two parts of a file's name. A sign makes it another name.
    private static func ranks(of folder: CheckpointFolder, _ prefix: String, _ suffix: String) -> Set<Int> {
        Set(
            folder.files.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.compactMap { name in
                let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
                return digits.allSatisfy { $0.isASCII && $0.isNumber } ? Int(digits) : nil
            })
    }

    /// Folders that FSDP and DeepSpeed keep weights in.
    private static func weightFolders(_ folder: CheckpointFolder) -> [String] {
        folder.folders.filter { $0.hasPrefix("pytorch_model_fsdp_") || $0.hasPrefix("global_step") }
    }

    private static func missingWeights(_ folder: CheckpointFolder, _ siblings: [CheckpointFolder]) -> VarveError? {
        let ranks = rankWeights(folder)
        if let last = ranks.union(randomStates(folder)).max(), !ranks.isEmpty,
            let missing = (0...last).first(where: { !ranks.contains($0) })
        {
            return folder.incomplete("the weights of a rank are missing", "pytorch_model_fsdp_rank\(missing).bin")
        }
        if folder.folders.contains("optimizer_0"), weightFolders(folder).isEmpty, ranks.isEmpty {
            return folder.incomplete("the folder with the weights is missing", "pytorch_model_fsdp_0")
        }
        guard StepShape.weightFiles(folder.files).isEmpty else { return nil }
        if let other = siblings.lazy.compactMap({ StepShape.weightFiles($0.files).first }).first {
            return folder.incomplete("no file with weights, which the other checkpoints have", other)
        }
        guard weightFolders(folder).isEmpty, let other = siblings.lazy.compactMap({ weightFolders($0).first }).first
        else { return nil }
        return folder.incomplete("no folder with weights, which the other checkpoints have", bareName(other))
    }

    /// A folder's name without the step's number.
    private static func bareName(_ name: String) -> String { name.hasPrefix("global_step") ? "global_step*" : name }

    /// The Trainer saves optimizer and scheduler together; FSDP's optimizer comes with weights in FSDP's own form.
    private static func missingOptimizer(_ folder: CheckpointFolder) -> VarveError? {
        if folder.has("optimizer.bin"), weightFolders(folder).isEmpty,
            !folder.files.contains(where: { $0.hasPrefix("pytorch_model_fsdp") })
        {
            return folder.incomplete("FSDP's weights, which it resumes from, are missing", "pytorch_model_fsdp.bin")
        }
        let optimizers = folder.files + folder.folders
        guard folder.has("scheduler.pt"),
            !optimizers.contains(where: { $0.hasPrefix("optimizer") || $0.hasPrefix("global_step") })
        else { return nil }
        return folder.incomplete("the optimizer that the scheduler was saved with is missing", "optimizer.pt")
    }

    /// `rng_state_0.pth`, `rng_state_1.pth`...: a gap is a rank that has not written its own. The last ones' absence
    /// cannot be told from a smaller number of ranks.
    private static func missingRandomState(_ folder: CheckpointFolder) -> VarveError? {
        let ranks = randomStates(folder)
        guard let last = ranks.max(), let missing = (0..<last).first(where: { !ranks.contains($0) }) else { return nil }
        return folder.incomplete("the random state of a rank is missing", "rng_state_\(missing).pth")
    }

    /// DeepSpeed's `latest` beside the folder that it names. To save room people remove that folder and keep the model.
    private static func latest(_ folder: CheckpointFolder) -> VarveError? {
        guard folder.has("latest") else { return nil }
        let named = folder.text("latest") ?? ""
        if folder.folders.contains(named) { return nil }
        let own = folder.name.hasPrefix("checkpoint-") ? "global_step" + folder.name.dropFirst("checkpoint-".count) : ""
        if named == own, weightFolders(folder).isEmpty, !StepShape.weightFiles(folder.files).isEmpty { return nil }
        return folder.incomplete("it names no folder of the checkpoint: it is cut off or still being written", "latest")
    }
}
