import TensorFiles
import FileSystem

extension StepInventory {
    /// Every state dict and optimizer that the files hold: what layouts of understood files have in common. Shards of
    /// one state dict are put together; files of layouts that are not understood are left out.
    init(stateDictsIn files: [StepFile]) {
        self.init()
        var shards: [String: Int] = [:]
        var optimizerFiles: [Int] = []
        for (index, file) in files.enumerated() {
            guard let tensorFile = file.tensorFile, !Layouts.isForeign(file.path) else { continue }
            let name = Paths.split(file.path).name
            var found: [StateDict] = []
            if var reader = StateDictReader(tensorFile, fileIndex: index) {
                reader.read()
                if !FileRole.isAuxiliary(name) { found = reader.dictionaries }
                if !reader.optimizers.isEmpty {
                    // The first file's paths stand as they are; further files' begin with their ordinal.
                    let prefix = optimizerFiles.isEmpty ? "" : "\(optimizerFiles.count):"
                    optimizers += reader.optimizers.map { Self.prefixed($0, prefix) }
                    optimizerFiles.append(index)
                }
            } else if !tensorFile.isFlatOptimizer {
                let entries = tensorFile.tensors.indices.map {
                    StateDict.Entry(
                        name: tensorFile.tensors[$0].name, tensorIndex: TensorIndex(file: index, tensor: $0))
                }
                found = [StateDict(path: [], file: index, entries: entries)]
            }
            if let key = FileRole.shardKey(name), found.count == 1, let dictionary = found.first,
                dictionary.path.isEmpty
            {
                if let at = shards[key] {
                    dictionaries[at].entries += dictionary.entries
                    continue
                }
                shards[key] = dictionaries.count
            }
            dictionaries += found.filter { !$0.entries.isEmpty }
        }
        removeRepeats(files)
    }

    /// FSDP's whole state dict repeats the model's own file: one of them is the model, the other a copy.
    private mutating func removeRepeats(_ files: [StepFile]) {
        func names(_ dictionary: StateDict) -> Set<String> { Set(dictionary.entries.map(\.name)) }
        func isRepeat(_ dictionary: StateDict) -> Bool {
            Paths.split(files[dictionary.file].path).name.hasPrefix("pytorch_model_fsdp")
        }
        let models = dictionaries.filter { !isRepeat($0) }.map(names)
        dictionaries.removeAll { isRepeat($0) && models.contains(names($0)) }
    }

    /// The optimizer with a prefix to the paths of its states, so that those of several tell which is meant.
    static func prefixed(_ optimizer: OptimizerState, _ prefix: String) -> OptimizerState {
        guard !prefix.isEmpty else { return optimizer }
        var optimizer = optimizer
        for group in optimizer.groups.indices {
            for slot in optimizer.groups[group].slots.indices {
                optimizer.groups[group].slots[slot].statePath = prefix + optimizer.groups[group].slots[slot].statePath
            }
        }
        return optimizer
    }
}
