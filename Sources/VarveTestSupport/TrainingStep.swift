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
        var writer = PickleWriter()
        var storages: [(key: String, bytes: [UInt8])] = []
        func tensor(_ writer: inout PickleWriter, _ tensor: TestTensor) {
            let key = String(storages.count)
            storages.append((key, tensor.bytes))
            writer.tensor(
                storage: key, storageClass: TorchMaker.storageClass(tensor.dtype),
                count: tensor.shape.reduce(1, *), shape: tensor.shape)
        }
        func tensors(_ writer: inout PickleWriter, _ tensors: [TestTensor]) {
            writer.dict(tensors.map { ($0.name, $0) }) { tensor(&$0, $1) }
        }
        writer.opcode(0x7D)
        writer.mark()
        writer.string("model")
        tensors(&writer, model)
        writer.string("optimizer")
        writer.opcode(0x7D)
        writer.mark()
        writer.string("state")
        writer.opcode(0x7D)
        writer.mark()
        for (index, state) in states.enumerated() where !state.isEmpty {
            writer.int(index)
            tensors(&writer, state)
        }
        writer.opcode(0x75)
        writer.string("param_groups")
        writer.opcode(0x5D)
        writer.mark()
        groupDict(&writer)
        writer.opcode(0x65, 0x75)
        if !masters.isEmpty {
            writer.string("masters")
            tensors(&writer, masters)
        }
        writer.string("step")
        writer.int(number)
        writer.opcode(0x75)
        return TorchMaker.zip(pickle: writer.finished(), storages: storages)
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
