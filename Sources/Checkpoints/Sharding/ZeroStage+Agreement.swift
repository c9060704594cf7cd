import FileSystem
import TensorFiles

/// What the ranks' files say of themselves: that they are of one step, and in order.
extension ZeroStage {
    /// What the files of all ranks and stages of a checkpoint have in common.
    static func checkModels(_ models: [RankFile]) throws(VarveError) {
        for key in ["global_steps", "skipped_steps", "dp_world_size", "mp_world_size", "ds_version"] {
            var agreement = Agreement(key)
            for model in models { agreement.add(model.value(key).flatMap { model.text($0) }, model.path) }
            try agreement.check()
        }
    }

    /// - Throws: `.malformed` where the ranks' optimizers are of different steps or in another order; `.unsupported` where
    ///   their partitions are not one for each rank.
    func checkRanks(hasExperts: Bool) throws(VarveError) {
        var version = Agreement("ds_version")
        version.add(model.value("ds_version").flatMap { model.text($0) }, model.path)
        var counts = Agreement("partition_count")
        for rank in ranks {
            let node = rank.value("ds_version") ?? rank.value("optimizer_state_dict", "ds_version")
            version.add(node.flatMap { rank.text($0) }, rank.path)
            counts.add(partitionCounts(rank).map { "\($0)" }, rank.path)
        }
        try version.check()
        try counts.check()
        try checkSteps()
        guard !hasExperts, let first = ranks.first, let count = partitionCounts(first) else { return }
        if let other = count.first(where: { $0 != ranks.count }) {
            throw VarveError(
                .unsupported, "\(other) partitions where there are the files of \(ranks.count) ranks", file: first.path)
        }
        try checkPaddings()
    }

    /// By group; of stage 3 one number for all.
    func partitionCounts(_ rank: RankFile) -> [Int]? {
        guard let node = rank.value("optimizer_state_dict", "partition_count") else { return nil }
        return rank.number(node).map { [$0] } ?? rank.tree.sizes(node)
    }

    /// Every rank's optimizer has made as many steps, with the same learning rate.
    private func checkSteps() throws(VarveError) {
        guard let first = ranks.first else { return }
        var most = 0.0
        for key in ["step", "lr"] {
            let count = Self.optimizer(first).map { groupCount(first, $0) } ?? 0
            for group in 0..<count {
                var agreement = Agreement("the optimizer's \(key) of group \(group)")
                for rank in ranks {
                    let value = Self.value(key, group, rank)
                    agreement.add(value, rank.path)
                    if key == "step" { most = max(most, value ?? 0) }
                }
                try agreement.check()
            }
        }
        // Some releases let the optimizer make a step before the first one, to get its states.
        guard let steps = model.value("global_steps").flatMap({ model.scalar($0) }), most > steps + 1 else { return }
        throw VarveError(
            .malformed,
            "global_steps is \(Agreement.text(steps)), but the optimizer in \(first.path) has made "
                + "\(Agreement.text(most)) steps", file: model.path)
    }

    private static func optimizer(_ rank: RankFile) -> PickleTree.Node? {
        rank.value("optimizer_state_dict", "base_optimizer_state")
            ?? rank.value("optimizer_state_dict", "optimizer_state_dict")
    }

    private func groupCount(_ rank: RankFile, _ optimizer: PickleTree.Node) -> Int {
        guard let state = rank.value("state", from: optimizer) else { return 0 }
        return rank.tree.elements(state)?.count ?? rank.tree.pairs(state)?.count ?? 0
    }

    /// A number of a group's state, or of its settings.
    private static func value(_ key: String, _ group: Int, _ rank: RankFile) -> Double? {
        guard let optimizer = optimizer(rank) else { return nil }
        for list in ["state", "param_groups"] {
            if let node = rank.value(list, from: optimizer).flatMap({ rank.value(at: group, of: $0) }),
                let value = rank.value(key, from: node)
            {
                return rank.scalar(value)
            }
        }
        return nil
    }

    /// What fills the last partition up is in the last rank's alone.
    private func checkPaddings() throws(VarveError) {
        for rank in ranks.dropLast() {
            guard let paddings = rank.value("optimizer_state_dict", "group_paddings").flatMap({ rank.tree.sizes($0) }),
                let padding = paddings.first(where: { $0 != 0 })
            else { continue }
            throw rank.malformed("a padding of \(padding) elements, which only the last rank's partition has")
        }
    }
}
