import FileSystem
import TensorFiles

/// The parameters of a pipeline stage, or of a whole model, in the flat partitions of ZeRO.
struct ZeroStage {
    struct Value {
        var dtype: DType
        var pieces: [TensorPiece]
    }
    struct ZeroParameter {
        var name: String
        var shape: [Int]
        /// By the optimizer's key; the weight itself is `StateName.master`.
        var values: [String: Value]
    }
    struct Result {
        var parameters: [ZeroParameter] = []
        var groups: [(hyperparameters: Hyperparameters, weightDecay: Double?, members: [String])] = []
    }

    let model: RankFile
    /// Optimizer states of the data parallel ranks, in order.
    let ranks: [RankFile]

    /// Names and shapes of the parameters, group by group.
    static func shapes(_ model: RankFile) -> [[(name: String, shape: [Int])]] {
        let groups = model.value("param_shapes").map { model.tree.elements($0) ?? [$0] } ?? []
        return groups.map { group in
            (model.tree.pairs(group) ?? []).compactMap { pair in
                guard let name = model.tree.string(pair.key), let shape = model.tree.sizes(pair.value),
                    LogicalTensor.count(shape) != nil
                else { return nil }
                return (name, shape)
            }
        }
    }

    // MARK: Stages 1 and 2

    /// The parameters of a group one after the other, the whole cut into a partition for each rank. Of experts each rank of
    /// an expert parallel group has its own, cut into partitions for those ranks that have the same ones.
    func partitioned(hasExperts: Bool) throws(VarveError) -> Result {
        var result = Result()
        for (group, shapes) in Self.shapes(model).enumerated() {
            var members = shapes.map(\.name)
            if hasExperts, let experts = ExpertNames(members) {
                guard let parts = try expertRanks(group) else { continue }
                members = []
                for (number, part) in parts.enumerated() {
                    let own = try ZeroStage(model: model, ranks: part).parameters(of: group, shapes)
                    for var parameter in own {
                        parameter.name = experts.name(parameter.name, rank: number)
                        members.append(parameter.name)
                        result.parameters.append(parameter)
                    }
                }
            } else {
                result.parameters += try parameters(of: group, shapes)
            }
            addGroup(group, members, ranks[0].value("optimizer_state_dict", "base_optimizer_state"), &result)
        }
        return result
    }

    /// The ranks that share experts, by their place in the expert parallel group: neighbours have different ones. `nil` if
    /// the files do not say how many partitions the group has.
    private func expertRanks(_ group: Int) throws(VarveError) -> [[RankFile]]? {
        guard let counts = partitionCounts(ranks[0]), counts.indices.contains(group), counts[group] > 0 else {
            return nil
        }
        guard ranks.count % counts[group] == 0 else {
            throw ranks[0].malformed("\(counts[group]) partitions of experts for \(ranks.count) ranks")
        }
        let parallel = ranks.count / counts[group]
        return (0..<parallel).map { first in stride(from: first, to: ranks.count, by: parallel).map { ranks[$0] } }
    }

    /// The parameters of one group, whose partitions the ranks have in order.
    private func parameters(
        of group: Int, _ shapes: [(name: String, shape: [Int])]
    ) throws(VarveError) -> [ZeroParameter] {
        let flats = try flats(group)
        guard let master = flats[StateName.master] else {
            throw ranks[0].malformed("group \(group) has no float32 partitions")
        }
        let mapped = try mapped(group, shapes, flats)
        var result: [ZeroParameter] = []
        var position = 0
        for (name, shape) in shapes {
            let count = LogicalTensor.count(shape) ?? 0
            if let values = mapped?[name] {
                result.append(ZeroParameter(name: name, shape: shape, values: values))
                continue
            }
            guard mapped == nil || count == 0, position + count <= master.count else {
                throw model.malformed(
                    "the partitions of group \(group) have \(master.count) elements, too few for its parameters", name)
            }
            var values: [String: Value] = [:]
            for (key, flat) in flats where flat.count == master.count {
                values[key] = flat.pieces(position..<position + count, offsets: shape.map { _ in 0 }, sizes: shape)
                    .map { Value(dtype: flat.dtype, pieces: $0) }
            }
            result.append(ZeroParameter(name: name, shape: shape, values: values))
            position += count
        }
        return result
    }

    /// The flat tensors of a group by key, all ranks joined.
    ///
    /// Newer releases save the masters without the padding at their end, and the optimizer's states with it.
    private func flats(_ group: Int) throws(VarveError) -> [String: FlatBuffer] {
        var result: [String: FlatBuffer] = [:]
        let partitions = ranks.map { self.partitions($0, group) }
        let masters = partitions.map { $0.first { $0.key == StateName.master }?.tensor.count ?? 0 }
        let last = masters.lastIndex { $0 > 0 } ?? 0
        for (number, rank) in ranks.enumerated() {
            for (key, tensor) in partitions[number] {
                try rank.append(tensor, upTo: number < last ? .max : masters[number], to: &result[key])
            }
        }
        return result
    }

    private func partitions(_ rank: RankFile, _ group: Int) -> [(key: String, tensor: StoredTensor)] {
        var result: [(String, StoredTensor)] = []
        if let list = rank.value("optimizer_state_dict", "single_partition_of_fp32_groups"),
            let tensor = rank.value(at: group, of: list).flatMap({ rank.tensor($0) })
        {
            result.append((StateName.master, tensor))
        }
        if let states = rank.value("optimizer_state_dict", "base_optimizer_state", "state") {
            result += Self.state(rank, rank.value(at: group, of: states))
        }
        return result
    }

    /// The flat tensors of a group's state.
    private static func state(_ rank: RankFile, _ node: PickleTree.Node?) -> [(String, StoredTensor)] {
        (node.flatMap { rank.tree.pairs($0) } ?? []).compactMap { pair in
            guard let key = rank.tree.string(pair.key), let tensor = rank.tensor(pair.value), tensor.shape.count == 1
            else {
                return nil
            }
            return (key, tensor)
        }
    }

    /// Where newer releases say which part of which parameter is where in each partition.
    private func mapped(
        _ group: Int, _ shapes: [(name: String, shape: [Int])], _ flats: [String: FlatBuffer]
    ) throws(VarveError) -> [String: [String: Value]]? {
        let shapeOf = Dictionary(shapes.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
        var result: [String: [String: Value]] = [:]
        var done: [String: Int] = [:]
        for (number, rank) in ranks.enumerated() {
            guard let list = rank.value("optimizer_state_dict", "param_slice_mappings"),
                let fragments = rank.value(at: group, of: list).flatMap({ rank.tree.pairs($0) })
            else { return nil }
            let partitions = partitions(rank, group)
            for fragment in fragments {
                guard let name = rank.tree.string(fragment.key), let shape = shapeOf[name],
                    let start = rank.value("start", from: fragment.value).flatMap({ rank.number($0) }),
                    let count = rank.value("numel", from: fragment.value).flatMap({ rank.number($0) }),
                    start >= 0, count >= 0, let total = LogicalTensor.count(shape),
                    count <= total - done[name, default: 0]
                else {
                    throw rank.malformed(
                        "a fragment that fits no parameter of \(model.path)", rank.tree.string(fragment.key))
                }
                try checkCut(
                    rank, partitions, name, start: start, count: count, before: done[name, default: 0], of: total,
                    after: number > 0 ? ranks[number - 1] : nil)
                for (key, tensor) in partitions where flats[key]?.count == flats[StateName.master]?.count {
                    guard start <= tensor.count, count <= tensor.count - start else {
                        throw rank.malformed("a fragment ends beyond its partition", name)
                    }
                    if count == 0 { continue }
                    let offset = try rank.offset(of: tensor) + UInt64(start * tensor.dtype.bits / 8)
                    let first = done[name, default: 0]
                    result[name, default: [:]][key, default: Value(dtype: tensor.dtype, pieces: [])].pieces.append(
                        TensorPiece(
                            file: rank.index, offset: offset, placement: Placement(first..<first + count, of: shape)))
                }
                done[name, default: 0] += count
            }
        }
        return result
    }

    /// What is cut ends with one rank's partition and goes on at the beginning of the next one's. Between two ranks in the
    /// wrong order it does not.
    private func checkCut(
        _ rank: RankFile, _ partitions: [(key: String, tensor: StoredTensor)], _ name: String, start: Int, count: Int,
        before: Int, of total: Int, after previous: RankFile?
    ) throws(VarveError) {
        let following = previous.map { "; it follows \($0.path)" } ?? ""
        guard count > 0, let master = partitions.first(where: { $0.key == StateName.master })?.tensor else { return }
        guard before == 0 || start == 0 else {
            throw rank.malformed(
                "element \(before) follows at \(start) of the partition, not at its beginning\(following)", name)
        }
        guard before + count == total || count == master.count - start else {
            throw rank.malformed(
                "\(before + count) of the \(total) elements that \(model.path) says it has, but \(count) from \(start) on "
                    + "are not the end of the partition's \(master.count)\(following)", name)
        }
    }

    // MARK: Stage 3

    /// Every parameter cut into equal parts, one for each rank, the last padded; a rank's parts one after the other.
    func sharded() throws(VarveError) -> Result {
        var result = Result()
        let groups = Self.shapes(model)
        var flats: [[String: FlatBuffer]] = []
        for rank in ranks { flats.append(try shardedFlats(rank)) }
        var position = 0
        for (name, shape) in groups.flatMap({ $0 }) {
            let count = LogicalTensor.count(shape) ?? 0
            let part = (count + ranks.count - 1) / ranks.count
            var values: [String: Value] = [:]
            for (number, flat) in flats.enumerated() {
                guard let master = flat[StateName.master], position + part <= master.count else {
                    throw ranks[number].malformed("the partitions are too short for the parameters", name)
                }
                let first = min(number * part, count)
                let own = min(part, count - first)
                for (key, buffer) in flat where buffer.count == master.count && own > 0 {
                    let pieces = buffer.pieces(
                        position..<position + own, offsets: shape.map { _ in 0 }, sizes: shape, from: first)
                    values[key, default: Value(dtype: buffer.dtype, pieces: [])].pieces += pieces ?? []
                }
            }
            result.parameters.append(ZeroParameter(name: name, shape: shape, values: values))
            position += part
        }
        for (group, shapes) in groups.enumerated() {
            addGroup(group, shapes.map(\.name), ranks[0].value("optimizer_state_dict", "optimizer_state_dict"), &result)
        }
        return result
    }

    /// A rank's flat tensors, all groups one after the other.
    private func shardedFlats(_ rank: RankFile) throws(VarveError) -> [String: FlatBuffer] {
        var result: [String: FlatBuffer] = [:]
        guard let list = rank.value("optimizer_state_dict", "fp32_flat_groups").flatMap({ rank.tree.elements($0) })
        else {
            throw rank.malformed("no float32 partitions")
        }
        let states = rank.value("optimizer_state_dict", "optimizer_state_dict", "state")
        for (group, node) in list.enumerated() {
            guard let tensor = rank.tensor(node) else { throw rank.malformed("partition \(group) is no tensor") }
            try rank.append(tensor, to: &result[StateName.master])
            for (key, tensor) in Self.state(rank, states.flatMap { rank.value(at: group, of: $0) }) {
                try rank.append(tensor, to: &result[key])
            }
        }
        return result
    }

    private func addGroup(_ group: Int, _ members: [String], _ optimizer: PickleTree.Node?, _ result: inout Result) {
        let rank = ranks[0]
        guard
            let settings = optimizer.flatMap({ rank.value("param_groups", from: $0) }).flatMap({
                rank.value(at: group, of: $0)
            })
        else { return }
        let own = rank.reader.emptyGroup(settings)
        result.groups.append((own.hyperparameters, own.weightDecay, members))
    }
}
