import TensorFiles

extension StateDictReader {
    /// The step a torch file says it was saved at, without the optimizer's own counters.
    func stepNumber() -> StepNumber? {
        if let pairs = tree.pairs(tree.root) {
            if let value = lookUp(pairs, StepNumber.keys) { return StepNumber(value: value, ground: .metadata) }
            if let value = nested() { return StepNumber(value: value, ground: .metadata) }
            if let value = lookUp(pairs, StepNumber.epochKeys) {
                return StepNumber(value: value, ground: .epochMetadata)
            }
        } else if let elements = tree.elements(tree.root) {
            // A tuple (model, optimizer, step).
            for element in elements {
                if let value = tree.integer(element), value >= 0 {
                    return StepNumber(value: Int(value), ground: .metadata)
                }
            }
        }
        return nil
    }

    /// The largest `step` among the optimizers' states.
    func optimizerStep() -> StepNumber? {
        var largest: Double?
        for slot in optimizers.flatMap(\.groups).flatMap(\.slots) {
            for value in slot.other where value.key == "step" {
                let number: Double? =
                    switch value.content {
                    case .number(let number): number
                    case .tensor(let tensorIndex): read(tensorIndex.tensor)
                    }
                if let number { largest = max(largest ?? 0, number) }
            }
        }
        return largest.flatMap { StepNumber.number($0) }.map { StepNumber(value: $0, ground: .optimizer) }
    }

    private func lookUp(_ pairs: [PickleTree.Pair], _ keys: [String]) -> Int? {
        var values: [String: PickleTree.Node] = [:]
        for pair in pairs {
            guard let key = tree.string(pair.key)?.lowercased(), values[key] == nil else { continue }
            values[key] = pair.value
        }
        for key in keys {
            if let node = values[key], let number = wholeNumber(node) { return number }
        }
        return nil
    }

    /// `trainer.*`, `train_state.step`, fairseq's `optimizer_history`.
    private func nested() -> Int? {
        let root = tree.root
        for key in ["trainer", "train_state", "trainer_state", "training_state", "state", "meta", "metadata"] {
            if let node = tree.value(root, key), let pairs = tree.pairs(node),
                let value = lookUp(pairs, StepNumber.keys)
            {
                return value
            }
        }
        if let history = tree.value(root, "optimizer_history"), let last = tree.elements(history)?.last,
            let updates = tree.value(last, "num_updates")
        {
            return wholeNumber(updates)
        }
        return nil
    }

    /// An integer, an integral float, a scalar tensor, a numpy scalar or a string of digits.
    private func wholeNumber(_ node: PickleTree.Node) -> Int? {
        switch tree[node] {
        case .int(let value): return value >= 0 ? Int(value) : nil
        case .float(let value): return StepNumber.number(value)
        case .string(let text): return StepNumber.number(text)
        case .object: break
        default: return nil
        }
        if let index = tensor(node, []) { return read(index).flatMap { StepNumber.number($0) } }
        return numpyScalar(node)
    }

    private func read(_ index: Int) -> Double? {
        guard file.tensors[index].count == 1 else { return nil }
        return (try? TensorSampler.values(of: index, in: file, runs: [0..<1]))?.first.map { Double($0) }
    }

    /// `numpy.core.multiarray.scalar(dtype, bytes)`.
    private func numpyScalar(_ node: PickleTree.Node) -> Int? {
        guard case .object(let callable, let arguments, _, _, _) = tree[node],
            case .global(let module, "scalar") = tree[callable], module.hasPrefix("numpy"),
            let parts = tree.elements(arguments), parts.count == 2,
            case .object(_, let typeArguments, _, _, _) = tree[parts[0]],
            let code = tree.elements(typeArguments)?.first.flatMap({ tree.string($0) }),
            let bytes = latin1(parts[1]), (1...8).contains(bytes.count)
        else { return nil }
        let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if code.hasPrefix("i") || code.hasPrefix("u") { return Int(exactly: bits) }
        if code == "f8" { return StepNumber.number(Double(bitPattern: bits)) }
        if code == "f4" { return StepNumber.number(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))) }
        return nil
    }

    /// Bytes, or protocol 2's spelling of them: `_codecs.encode(text, "latin1")`.
    private func latin1(_ node: PickleTree.Node) -> [UInt8]? {
        if case .bytes(let bytes) = tree[node] { return bytes }
        guard case .object(let callable, let arguments, _, _, _) = tree[node],
            case .global("_codecs", "encode") = tree[callable],
            let text = tree.elements(arguments)?.first.flatMap({ tree.string($0) })
        else { return nil }
        let values = text.unicodeScalars.map(\.value)
        return values.allSatisfy { $0 < 256 } ? values.map { UInt8($0) } : nil
    }
}
