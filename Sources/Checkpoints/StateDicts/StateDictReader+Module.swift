import TensorFiles

extension StateDictReader {
    /// The weights of a module that was pickled whole (`torch.save(model)`), in the order of `module.parameters()` and under
    /// the names that its `state_dict()` has; `nil` if the node is no module.
    func module(_ node: PickleTree.Node, _ path: [String]) -> StateDict? {
        guard fields(of: node) != nil else { return nil }
        var walk = ModuleWalk()
        visit(node, path, [], &walk, 0)
        return walk.entries.isEmpty ? nil : StateDict(path: path, file: fileIndex, entries: walk.entries)
    }

    private struct ModuleWalk {
        var entries: [StateDict.Entry] = []
        /// A module or parameter that occurs again is not listed again, as in `parameters()`.
        var visited: Set<PickleTree.Node> = []
    }

    /// The dicts that every `torch.nn.Module` has.
    private func fields(
        of node: PickleTree.Node
    ) -> (parameters: [PickleTree.Pair], buffers: [PickleTree.Pair], modules: [PickleTree.Pair])? {
        guard case .object = tree[node],
            let parameters = tree.value(node, "_parameters").flatMap({ tree.pairs($0) }),
            let buffers = tree.value(node, "_buffers").flatMap({ tree.pairs($0) }),
            let modules = tree.value(node, "_modules").flatMap({ tree.pairs($0) })
        else { return nil }
        return (parameters, buffers, modules)
    }

    /// - Parameters:
    ///   - path: where the module lies in the pickle.
    ///   - name: the same, as modules call each other.
    private func visit(
        _ node: PickleTree.Node, _ path: [String], _ name: [String], _ walk: inout ModuleWalk, _ depth: Int
    ) {
        guard depth < 64, walk.visited.insert(node).inserted, let fields = fields(of: node) else { return }
        for (key, pairs) in [("_parameters", fields.parameters), ("_buffers", fields.buffers)] {
            for pair in pairs {
                guard let own = tree.string(pair.key), let index = tensor(pair.value, path + [key, own]),
                    walk.visited.insert(pair.value).inserted
                else { continue }
                walk.entries.append(
                    .init(
                        name: (name + [own]).joined(separator: "."),
                        tensorIndex: TensorIndex(file: fileIndex, tensor: index), isBuffer: key == "_buffers"))
            }
        }
        for pair in fields.modules {
            guard let own = tree.string(pair.key) else { continue }
            visit(pair.value, path + ["_modules", own], name + [own], &walk, depth + 1)
        }
    }
}
