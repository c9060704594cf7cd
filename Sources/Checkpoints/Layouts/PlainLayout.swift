import TensorFiles
import FileSystem

/// Files with state dicts and optimizers anywhere in them, sharded or not: the layout of everything that is
/// understood.
enum PlainLayout: Layout {
    static let title = "plain files"

    static func recognizes(_ shape: StepShape) -> Bool { true }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        if let sharded = try ShardReaders.inventory(files) { return sharded }
        var inventory = StepInventory()
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
                    inventory.optimizers += reader.optimizers.map { prefixed($0, prefix) }
                    optimizerFiles.append(index)
                }
            } else if !MLXLayout.isOptimizer(tensorFile) {
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
                    inventory.dictionaries[at].entries += dictionary.entries
                    continue
                }
                shards[key] = inventory.dictionaries.count
            }
            inventory.dictionaries += found.filter { !$0.entries.isEmpty }
        }
        removeRepeats(&inventory, files)
        return inventory
    }

    /// FSDP's whole state dict repeats the model's own file: one of them is the model, the other a copy.
    private static func removeRepeats(_ inventory: inout StepInventory, _ files: [StepFile]) {
        func names(_ dictionary: StateDict) -> Set<String> { Set(dictionary.entries.map(\.name)) }
        func isRepeat(_ dictionary: StateDict) -> Bool {
            Paths.split(files[dictionary.file].path).name.hasPrefix("pytorch_model_fsdp")
        }
        let models = inventory.dictionaries.filter { !isRepeat($0) }.map(names)
        inventory.dictionaries.removeAll { isRepeat($0) && models.contains(names($0)) }
    }

    private static func prefixed(_ optimizer: OptimizerState, _ prefix: String) -> OptimizerState {
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
