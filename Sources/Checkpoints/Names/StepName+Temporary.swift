extension StepName {
    static let temporarySuffixes = [".tmp", ".part", ".partial", ".incomplete", ".temp", ".writing", "~"]

    /// Whether a file or directory of this name is one that its writer has not finished.
    package static func isTemporary(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains(".orbax-checkpoint-tmp") { return true }
        if temporarySuffixes.contains(where: { name.hasSuffix($0) && name.count > $0.count }) { return true }
        if name.hasPrefix(".tmp") { return true }
        for prefix in ["tmp-", "tmp_", "tmp.", "recovery_tmp"] where name.hasPrefix(prefix) { return true }
        return name.contains(".tmp.") || name.contains(".tmp-")
    }

    /// Whether the name moves from step to step (`last.ckpt`, `model_best.pth.tar`, `checkpoint.pth`): it loses
    /// against a name with a number.
    package static func isMoving(_ name: String) -> Bool {
        let tokens = NameToken.split(stem(name))
        return tokens.contains { $0.kind == .letters && Words.moving.contains($0.text) } || StepName(name) == nil
    }

    /// The name with its step number taken out, the same for every step of a series.
    static func template(_ name: String) -> String {
        guard let step = StepName(name) else { return name }
        let tokens = NameToken.split(name)
        guard let at = tokens.lastIndex(where: { $0.kind == .digits && Int($0.text) == step.number }) else {
            return name
        }
        return tokens.indices.map { $0 == at ? "{}" : tokens[$0].text }.joined()
    }

    /// Whether the name ends like a checkpoint file's, temporary endings aside.
    static func hasCheckpointSuffix(_ name: String) -> Bool {
        var name = name.lowercased()
        for suffix in temporarySuffixes where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return [
            ".pt", ".pth", ".ckpt", ".safetensors", ".pth.tar", ".pt.tar", ".tar", ".npz", ".h5", ".hdf5", ".keras",
            ".bin",
        ]
        .contains { name.hasSuffix($0) }
    }
}
