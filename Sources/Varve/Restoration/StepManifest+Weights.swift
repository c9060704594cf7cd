import ChainArchive
import FileSystem

extension StepManifest {
    /// Indices of the files that hold weights and nothing of another role, and of what belongs to them: shards whose few
    /// numbers are no tensors of their own here, and the list of shards. Empty where no file is of that kind.
    var weightEntries: Set<Int> {
        var withWeights = Set<Int>(), withOthers = Set<Int>()
        for tensor in tensors {
            let entries = tensor.pieces.all.map(\.file)
            if tensor.role == .weight, !tensor.identity.isStranger {
                withWeights.formUnion(entries)
            } else {
                withOthers.formUnion(entries)
            }
        }
        var weights = withWeights.subtracting(withOthers)
        leaveOutParts(&weights)
        let directories = Set(weights.map { Paths.split(entries[$0].path).directory })
        let others = entries.indices.filter { index in
            guard case .file = entries[index].kind, !withOthers.contains(index) else { return false }
            let (directory, name) = Paths.split(entries[index].path)
            return directories.contains(directory) && Self.belongsToModel(name)
        }
        return weights.union(others)
    }

    /// Leaves out files with a part of a weight of which other parts lie in files that are left out.
    private func leaveOutParts(_ weights: inout Set<Int>) {
        let inPieces = tensors.filter { $0.pieces.pieces.count > 1 && $0.role == .weight && !$0.identity.isStranger }
            .map { Set($0.pieces.pieces.map(\.file)) }
        var isStable = false
        while !isStable {
            isStable = true
            for files in inPieces where !files.isSubset(of: weights) && !files.isDisjoint(with: weights) {
                weights.subtract(files)
                isStable = false
            }
        }
    }

    /// Whether a file's name says that it is a shard of a model, or lists the shards.
    private static func belongsToModel(_ name: String) -> Bool {
        if name == ".metadata" { return true }
        guard name.hasPrefix("model") || name.hasPrefix("pytorch_model") else { return false }
        return name.hasSuffix(".index.json") || (name.contains("-of-") && name.hasSuffix(".safetensors"))
    }

    /// The same with those files alone, for planning where things go.
    var withWeightFilesOnly: StepManifest {
        var copy = self
        let kept = weightEntries
        copy.entries = entries.indices.filter(kept.contains).map { entries[$0] }
        return copy
    }
}
