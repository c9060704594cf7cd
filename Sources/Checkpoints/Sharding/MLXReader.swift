import FileSystem
import TensorFiles

/// Understands MLX: weights and the flattened optimizer, each in a safetensors or npz file.
struct MLXReader {
    private let files: [StepFile]
    private var assembler: TensorAssembler

    /// The tensors of a file by their names.
    private typealias Arrays = [(name: String, tensorIndex: TensorIndex)]

    /// - Throws: `.malformed`, `.truncated`, `.unsupported` with file and tensor.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory {
        var reader = MLXReader(files: files, assembler: TensorAssembler(files))
        var inventory = StepInventory()
        for index in files.indices {
            guard let arrays = try reader.arrays(index), !arrays.isEmpty else { continue }
            let name = Paths.split(files[index].path).name.lowercased()
            if name.contains("optim") {
                let prefix = inventory.optimizers.isEmpty ? "" : "\(inventory.optimizers.count):"
                inventory.optimizers.append(StepInventory.prefixed(reader.optimizer(arrays), prefix))
            } else {
                inventory.dictionaries.append(
                    StateDict(
                        path: [], file: index,
                        entries: arrays.map { StateDict.Entry(name: $0.name, tensorIndex: $0.tensorIndex) }))
            }
        }
        inventory.assembly = try reader.assembler.assembly(named: files.first?.source.name ?? "")
        return inventory
    }

    private mutating func arrays(_ index: Int) throws(VarveError) -> Arrays? {
        if let file = files[index].tensorFile {
            guard file.container == .safetensors else { return nil }
            return file.tensors.indices.map { (file.tensors[$0].name, TensorIndex(file: index, tensor: $0)) }
        }
        guard files[index].path.hasSuffix(".npz") else { return nil }
        var result: Arrays = []
        for array in try NumpyArchive(reading: files[index].source).arrays {
            let piece = TensorPiece(file: index, offset: array.offset, placement: Placement(whole: array.shape))
            let tensor = try LogicalTensor(
                name: array.name, dtype: array.dtype, shape: array.shape, pieces: [piece],
                file: files[index].source.name)
            result.append((array.name, assembler.add(tensor)))
        }
        return result
    }

    /// `NAME.m` and `NAME.v` are NAME's moments; `step` and `learning_rate` stand alone.
    private func optimizer(_ arrays: Arrays) -> OptimizerState {
        var order: [String] = []
        var values: [String: [OptimizerValue]] = [:]
        var hyperparameters = Hyperparameters()
        for (name, index) in arrays {
            guard let dot = name.lastIndex(of: ".") else {
                if name == "learning_rate" { hyperparameters.learningRate = number(index) }
                continue
            }
            let owner = String(name[..<dot])
            if values[owner] == nil { order.append(owner) }
            values[owner, default: []].append(
                OptimizerValue(key: String(name[name.index(after: dot)...]), content: .tensor(index)))
        }
        let slots = order.map { owner in
            var slot = OptimizerSlot(givenName: owner, statePath: "optimizer.state.\(owner)")
            slot.hasState = true
            StateRoles.assign(values[owner] ?? [], to: &slot, tensor: assembler.stored)
            return slot
        }
        return OptimizerState(
            file: assembler.fileIndex, path: [],
            groups: [OptimizerGroup(hyperparameters: hyperparameters, weightDecay: nil, slots: slots)])
    }

    private func number(_ index: TensorIndex) -> Double? {
        // Files of safetensors need none.
        let assembly = (try? assembler.assembly(named: "")) ?? nil
        guard let file = StepTensors(files, assembly).file(index.file), file.tensors[index.tensor].count == 1 else {
            return nil
        }
        return (try? TensorSampler.values(of: index.tensor, in: file, runs: [0..<1]))?.first.map { Double($0) }
    }
}
