import TensorFiles

extension StateDictReader {
    /// The optimizer a dict holds: `state` and `param_groups`.
    func optimizer(_ node: PickleTree.Node, _ path: [String]) -> OptimizerState? {
        guard let stateNode = tree.value(node, "state"), let states = tree.pairs(stateNode),
            let groupsNode = tree.value(node, "param_groups"), let groupNodes = tree.elements(groupsNode),
            groupNodes.allSatisfy({ tree.pairs($0) != nil })
        else { return nil }
        var entries: [String: PickleTree.Node] = [:]
        var order: [String] = []
        for pair in states {
            guard let key = key(pair.key), entries.updateValue(pair.value, forKey: key) == nil else { continue }
            order.append(key)
        }
        let statePath = path + ["state"]
        var used: Set<String> = []
        var groups = groupNodes.map { group in
            var result = emptyGroup(group)
            let names = tree.value(group, "param_names").flatMap { tree.elements($0) }
            let members = tree.value(group, "params").flatMap { tree.elements($0) } ?? []
            for (index, member) in members.enumerated() {
                guard let key = key(member) else { continue }
                used.insert(key)
                var slot = slot(key, entries[key], statePath)
                if let names, names.indices.contains(index) { slot.givenName = tree.string(names[index]) }
                if tree.string(member) != nil { slot.givenName = key }
                result.slots.append(slot)
            }
            return result
        }
        // States of parameters that no group lists.
        let left = order.filter { !used.contains($0) }
        if !left.isEmpty {
            var rest = OptimizerGroup(hyperparameters: Hyperparameters(), weightDecay: nil, slots: [])
            for key in left {
                var slot = slot(key, entries[key], statePath)
                if Int(key) == nil { slot.givenName = key }
                rest.slots.append(slot)
            }
            groups.append(rest)
        }
        return OptimizerState(file: fileIndex, path: path, groups: groups)
    }

    /// A param group without its slots.
    func emptyGroup(_ group: PickleTree.Node) -> OptimizerGroup {
        OptimizerGroup(
            hyperparameters: Hyperparameters(group, in: tree) { scalar($0) },
            weightDecay: tree.value(group, "weight_decay").flatMap { scalar($0) }, slots: [])
    }

    /// A number, or a tensor with one element.
    func scalar(_ node: PickleTree.Node) -> Double? {
        if let number = tree.number(node) { return number }
        guard let index = tensor(node, []), file.tensors[index].count == 1,
            let value = try? TensorSampler.values(of: index, in: file, runs: [0..<1])
        else { return nil }
        return value.first.map { Double($0) }
    }

    /// One parameter's state. Nested dicts (bitsandbytes) and lists (LBFGS) are flattened into `other`.
    private func slot(_ key: String, _ entry: PickleTree.Node?, _ statePath: [String]) -> OptimizerSlot {
        let path = statePath + [key]
        var slot = OptimizerSlot(statePath: path.joined(separator: "."))
        guard let entry, let pairs = tree.pairs(entry) else { return slot }
        slot.hasState = !pairs.isEmpty
        var values: [OptimizerValue] = []
        for pair in pairs {
            guard let name = self.key(pair.key) else { continue }
            collect(pair.value, name, path + [name], 0, &values)
        }
        StateRoles.assign(values, to: &slot) { file.tensors[$0.tensor] }
        return slot
    }

    private func collect(
        _ node: PickleTree.Node, _ name: String, _ path: [String], _ depth: Int, _ values: inout [OptimizerValue]
    ) {
        if let tensorIndex = tensorIndex(node, path) {
            values.append(OptimizerValue(key: name, content: .tensor(tensorIndex)))
        } else if let number = tree.number(node) {
            values.append(OptimizerValue(key: name, content: .number(number)))
        } else if depth < 4, let pairs = tree.pairs(node) {
            for pair in pairs {
                guard let key = key(pair.key) else { continue }
                collect(pair.value, "\(name).\(key)", path + [key], depth + 1, &values)
            }
        } else if depth < 4, let elements = tree.elements(node) {
            for (index, element) in elements.enumerated() {
                collect(element, "\(name).\(index)", path + [String(index)], depth + 1, &values)
            }
        }
    }
}
