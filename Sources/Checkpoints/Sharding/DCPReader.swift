import FileSystem
import TensorFiles

/// Understands what torch.distributed.checkpoint wrote, of whichever framework: FSDP of the Trainer, torchtitan, OLMo-core,
/// composer, Megatron-Core, plain `save`.
struct DCPReader {
    /// A tensor with its name in the model or the optimizer.
    private struct Named {
        var name: String
        var tensorIndex: TensorIndex
    }

    private var assembler: TensorAssembler
    private let files: [StepFile]
    private var inventory = StepInventory()

    /// - Throws: `.malformed`, `.truncated`, `.incomplete`, `.unsupported` with file and tensor.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        var reader = DCPReader(files)
        let folders = try DCPFolder.all(files)
        for group in groups(folders) { try reader.read(group) }
        for folder in folders {
            for (file, slice) in try folder.containers() { reader.assembler.addContainer(slice, file: file) }
        }
        reader.inventory.assembly = try reader.assembler.assembly(named: name(files))
        return reader.inventory
    }

    private init(_ files: [StepFile]) {
        self.files = files
        assembler = TensorAssembler(files)
    }

    private static func name(_ files: [StepFile]) -> String {
        files.first { Paths.split($0.path).name == DCPMetadata.fileName }?.source.name ?? ""
    }

    /// Folders that belong together: `pytorch_model_fsdp_0` and `optimizer_0` in one directory.
    private static func groups(_ folders: [DCPFolder]) -> [[DCPFolder]] {
        var order: [[String]] = []
        var groups: [[String]: [DCPFolder]] = [:]
        for folder in folders {
            let (parent, name) = Paths.split(folder.metadata.folder)
            let number = name.split(separator: "_").last.flatMap { Int($0) }
            let key = number.map { [parent, String($0)] } ?? [folder.metadata.folder]
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(folder)
        }
        return order.map { groups[$0] ?? [] }
    }

    private mutating func read(_ folders: [DCPFolder]) throws(VarveError) {
        var weights: [Named] = []
        var states = DCPStates(number: inventory.optimizers.count)
        for folder in folders {
            let megatron = try MegatronStore(folder, files)
            for entry in folder.metadata.tensors {
                if megatron?.isFlat(entry.name) ?? false { continue }
                let state = StateName(entry.name)
                guard state != nil || !StateName.isElsewhere(entry.name) else { continue }
                let tensor = try folder.tensor(entry)
                for (name, tensor) in try megatron?.layers(of: tensor, named: state?.owner ?? entry.name)
                    ?? [(state?.owner ?? entry.name, tensor)]
                {
                    let index = assembler.add(tensor)
                    if let state {
                        try states.add(index, key: state.key, of: name, in: state.optimizer)
                    } else {
                        weights.append(Named(name: name, tensorIndex: index))
                    }
                }
            }
            try states.addObjects(of: folder)
            if let megatron {
                if try !megatron.addFlatStates(of: folder, to: &states, &assembler) {
                    inventory.notes.append(
                        "the optimizer's flat buffers are not understood; they are kept exactly")
                }
                states.setGroups(megatron.hyperparameters)
            }
        }
        addDictionaries(weights, owners: Set(states.owners))
        inventory.optimizers += states.optimizers(file: assembler.fileIndex, tensor: assembler.stored)
    }

    private mutating func addDictionaries(_ weights: [Named], owners: Set<String>) {
        let arrays = weights.filter { assembler.tensors[$0.tensorIndex.tensor].isArray }
        let prefix = ContainerPrefix.of(arrays.map(\.name), owners: owners)
        var main = StateDict(path: [], file: assembler.fileIndex, entries: [])
        var others: [String: StateDict] = [:]
        var order: [String] = []
        for weight in weights {
            if weight.name.hasPrefix(prefix) {
                main.entries.append(
                    .init(name: String(weight.name.dropFirst(prefix.count)), tensorIndex: weight.tensorIndex))
                continue
            }
            guard let dot = weight.name.firstIndex(of: ".") else {
                main.entries.append(.init(name: weight.name, tensorIndex: weight.tensorIndex))
                continue
            }
            let first = String(weight.name[..<dot])
            if others[first] == nil {
                others[first] = StateDict(path: [first], file: assembler.fileIndex, entries: [])
                order.append(first)
            }
            others[first]?.entries.append(
                .init(
                    name: String(weight.name[weight.name.index(after: dot)...]), tensorIndex: weight.tensorIndex))
        }
        if !inventory.dictionaries.isEmpty { main.path = ["model\(inventory.dictionaries.count)"] }
        if main.entries.contains(where: { assembler.tensors[$0.tensorIndex.tensor].isArray }) {
            inventory.dictionaries.append(main)
        }
        for first in order {
            guard let dictionary = others[first],
                dictionary.entries.contains(where: { assembler.tensors[$0.tensorIndex.tensor].isArray })
            else { continue }
            inventory.dictionaries.append(dictionary)
        }
    }
}

extension LogicalTensor {
    /// Whether it can be a weight: floats in at least one dimension.
    var isArray: Bool { !shape.isEmpty && dtype.isFloatingPoint }

    /// As a file has it that holds nothing else.
    var stored: StoredTensor {
        StoredTensor(
            name: name, dtype: dtype, shape: shape, strides: StoredTensor.rowMajorStrides(shape), storage: 0,
            elementOffset: 0)
    }
}
