/// A checkpoint of a small training script, as `torch.save` writes it: `model`, `optimizer` with its states, `step`.
public struct TrainingStep: Sendable {
    public var number: Int
    public var model: [TestTensor]
    /// What the optimizer keeps of each tensor of `model`, in their order; empty for one that is not trained.
    public var states: [[TestTensor]]
    /// Numbers of the param group, `betas` beside them.
    public var group: [(key: String, value: Double)]
    public var betas: [Double]
    /// Further tensors of the file, under `masters`.
    public var masters: [TestTensor] = []

    public init(number: Int, model: [TestTensor], states: [[TestTensor]]) {
        (self.number, self.model, self.states) = (number, model, states)
        group = [("lr", DriftingParameter.learningRate), ("eps", DriftingParameter.epsilon), ("weight_decay", 0.01)]
        betas = [DriftingParameter.beta1, DriftingParameter.beta2]
    }

    /// The file's bytes.
    public func file() -> [UInt8] {
        var writer = TrainingStepWriter()
        writer.pickle.opcode(0x7D)
        writer.pickle.mark()
        writer.pickle.string("model")
        writer.tensors(model)
        writer.pickle.string("optimizer")
        optimizer(&writer)
        if !masters.isEmpty {
            writer.pickle.string("masters")
            writer.tensors(masters)
        }
        writer.pickle.string("step")
        writer.pickle.int(number)
        writer.pickle.opcode(0x75)
        return writer.file()
    }

    /// The optimizer's state dict as a file of its own.
    public func optimizerFile() -> [UInt8] {
        var writer = TrainingStepWriter()
        optimizer(&writer)
        return writer.file()
    }

    private func optimizer(_ writer: inout TrainingStepWriter) {
        writer.pickle.opcode(0x7D)
        writer.pickle.mark()
        writer.pickle.string("state")
        writer.pickle.opcode(0x7D)
        writer.pickle.mark()
        for (index, state) in states.enumerated() where !state.isEmpty {
            writer.pickle.int(index)
            writer.tensors(state)
        }
        writer.pickle.opcode(0x75)
        writer.pickle.string("param_groups")
        writer.pickle.opcode(0x5D)
        writer.pickle.mark()
        groupDict(&writer.pickle)
        writer.pickle.opcode(0x65, 0x75)
    }

    private func groupDict(_ writer: inout PickleWriter) {
        writer.opcode(0x7D)
        writer.mark()
        for (key, value) in group {
            writer.string(key)
            writer.float(value)
        }
        if !betas.isEmpty {
            writer.string("betas")
            writer.mark()
            for beta in betas { writer.float(beta) }
            writer.opcode(0x74)
        }
        writer.string("params")
        writer.opcode(0x5D)
        writer.mark()
        for index in states.indices where !states[index].isEmpty { writer.int(index) }
        writer.opcode(0x65, 0x75)
    }
}

/// A pickle and the storages that it refers to.
private struct TrainingStepWriter {
    var pickle = PickleWriter()
    private var storages: [(key: String, bytes: [UInt8])] = []

    mutating func tensors(_ tensors: [TestTensor]) {
        pickle.dict(tensors.map { ($0.name, $0) }) { pickle, tensor in
            let key = String(storages.count)
            storages.append((key, tensor.bytes))
            pickle.tensor(
                storage: key, storageClass: TorchMaker.storageClass(tensor.dtype),
                count: tensor.shape.reduce(1, *), shape: tensor.shape)
        }
    }

    func file() -> [UInt8] { TorchMaker.zip(pickle: pickle.finished(), storages: storages) }
}
