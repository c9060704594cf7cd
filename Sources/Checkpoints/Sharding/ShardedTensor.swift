import TensorFiles

/// A `DTensor` of torch as a rank's pickle has it: the shape of the whole, the rank's own tensor, and how dimensions of the
/// device mesh split it.
///
/// Classes move between modules from release to release, so they are told by their names alone.
struct ShardedTensor {
    enum Split: Hashable {
        case shard(Int)
        case replicate
    }

    let dtype: DType
    let shape: [Int]
    /// The node of the rank's own tensor.
    let local: PickleTree.Node
    let mesh: [Int]
    let splits: [Split]
    /// Dimensions of the mesh in the order in which they split.
    private let order: [Int]
    /// Where in the mesh the rank is that wrote it, if the release says so.
    let coordinates: [Int]?
    /// The ranks of the mesh, in row-major order, if the release says so.
    private let ranks: [Int]?

    /// - Returns: `nil` for anything else, and for a way to split that is not known.
    init?(_ node: PickleTree.Node, _ tree: PickleTree) {
        guard tree.className(node) == "_rebuild_from_type_v2", case .object(_, let arguments, _, _, _) = tree[node],
            let parts = tree.elements(arguments), parts.count >= 4, case .global(_, "DTensor") = tree[parts[1]],
            let inner = tree.elements(parts[2]), inner.count > 2, let dtype = tree.torchType(inner[1]),
            let shape = tree.sizes(inner[2])
        else { return nil }
        // The state is a dict, or with slots a pair of which the second is one.
        let states = tree.elements(parts[3]) ?? [parts[3]]
        guard let state = states.last(where: { tree.value($0, "_local_tensor") != nil }),
            let local = tree.value(state, "_local_tensor"), let spec = tree.value(state, "_spec"),
            let placements = tree.value(spec, "placements").flatMap({ tree.elements($0) }),
            let mesh = tree.value(spec, "mesh").flatMap({ Self.mesh($0, tree) }), mesh.count == placements.count,
            LogicalTensor.count(shape) != nil, LogicalTensor.count(mesh) != nil
        else { return nil }
        var splits: [Split] = [], factors: [Int?] = []
        for placement in placements {
            let kind = tree.className(placement)
            factors.append(nil)
            switch kind {
            case "Shard", "_StridedShard":
                guard let dimension = Self.dimension(placement, tree), shape.indices.contains(dimension) else {
                    return nil
                }
                splits.append(.shard(dimension))
                guard kind == "_StridedShard" else { continue }
                guard let factor = Self.splitFactor(placement, tree) else { return nil }
                factors[factors.count - 1] = factor
            case "Replicate": splits.append(.replicate)
            default: return nil
            }
        }
        guard let order = Self.order(splits, factors, mesh) else { return nil }
        self.order = order
        self.dtype = dtype
        self.shape = shape
        self.local = local
        self.mesh = mesh
        self.splits = splits
        let written = tree.value(spec, "mesh").flatMap { tree.value($0, "_coordinate_on_dim") }
        coordinates = written.flatMap { tree.sizes($0) }
        ranks = tree.value(spec, "mesh").flatMap { Self.flatRanks($0, tree) }.flatMap { tree.sizes($0) }
    }

    private static func flatRanks(_ mesh: PickleTree.Node, _ tree: PickleTree) -> PickleTree.Node? {
        tree.value(mesh, "_flatten_mesh_list") ?? tree.value(mesh, "_flatten_rank_map")
    }

    /// Which one of its mesh a rank is: the mesh has all ranks, or those of one group alone (of FSDP, where others split by
    /// tensor parallel ranks as well). `nil` if the file does not tell.
    func position(of rank: Int, among count: Int) -> Int? {
        let size = mesh.reduce(1, &*)
        if size == count { return rank }
        if let coordinates, coordinates.count == mesh.count, zip(coordinates, mesh).allSatisfy({ 0..<$1 ~= $0 }) {
            return zip(coordinates, mesh).reduce(0) { $0 * $1.1 + $1.0 }
        }
        // Newer releases list the ranks of the mesh that this one is a part of.
        return ranks?.count == size ? ranks?.firstIndex(of: rank) : nil
    }

    /// Where the n-th rank of the mesh is in it, in row-major order.
    func coordinates(of rank: Int) -> [Int] {
        var (rest, result) = (rank, mesh)
        for (index, size) in mesh.enumerated().reversed() {
            result[index] = rest % max(1, size)
            rest /= max(1, size)
        }
        return result
    }

    /// Its dimension, from the state or from the arguments of the call.
    private static func dimension(_ placement: PickleTree.Node, _ tree: PickleTree) -> Int? {
        if let value = tree.value(placement, "dim") { return tree.integer(value).flatMap { Int(exactly: $0) } }
        guard case .object(_, let arguments, _, _, _) = tree[placement], let first = tree.elements(arguments)?.first
        else {
            return nil
        }
        return tree.integer(first).flatMap { Int(exactly: $0) }
    }

    private static func splitFactor(_ placement: PickleTree.Node, _ tree: PickleTree) -> Int? {
        if let value = tree.value(placement, "split_factor") {
            return tree.integer(value).flatMap { Int(exactly: $0) }
        }
        guard case .object(_, let arguments, _, _, let pairs) = tree[placement] else { return nil }
        let named = pairs.first { tree.string($0.key) == "split_factor" }?.value
        let second = tree.elements(arguments).flatMap { $0.count > 1 ? $0[1] : nil }
        return (named ?? second).flatMap { tree.integer($0) }.flatMap { Int(exactly: $0) }
    }

    /// A strided shard is one that was made after those of later dimensions of the mesh (FSDP after tensor parallel): its split
    /// factor is the number of parts that there were already.
    /// - Returns: `nil` where the factors say otherwise.
    private static func order(_ splits: [Split], _ factors: [Int?], _ mesh: [Int]) -> [Int]? {
        var order: [Int] = [], waiting: [Int: [Int]] = [:]
        for (index, split) in splits.enumerated() {
            guard case .shard(let dimension) = split else { continue }
            if factors[index] != nil {
                waiting[dimension, default: []].append(index)
                continue
            }
            order.append(index)
            var parts = mesh[index]
            for earlier in (waiting.removeValue(forKey: dimension) ?? []).reversed() {
                guard factors[earlier] == parts else { return nil }
                order.append(earlier)
                parts *= mesh[earlier]
            }
        }
        return waiting.isEmpty ? order : nil
    }

    /// Sizes of the mesh: of newer releases in its layout, of older ones the shape of a nested list.
    private static func mesh(_ node: PickleTree.Node, _ tree: PickleTree) -> [Int]? {
        if let layout = tree.value(node, "_layout") {
            if let axes = tree.value(layout, "axes").flatMap({ tree.elements($0) }) {
                var sizes: [Int] = []
                for axis in axes {
                    guard let shape = tree.value(axis, "shape").flatMap({ tree.sizes($0) }) else { return nil }
                    guard let size = LogicalTensor.count(shape) else { return nil }
                    sizes.append(size)
                }
                return sizes
            }
            if let shape = tree.value(layout, "shape") {
                return tree.sizes(shape) ?? tree.integer(shape).flatMap { Int(exactly: $0) }.map { [$0] }
            }
        }
        return flatRanks(node, tree).flatMap { tree.elements($0) }.map { [$0.count] }
    }

    /// The box of a rank that is the n-th of the mesh, in row-major order. Each dimension of the mesh splits what the ones
    /// before left, in parts of the same size, the last ones smaller or empty.
    func box(of rank: Int) -> (offsets: [Int], sizes: [Int])? {
        guard mesh.allSatisfy({ $0 > 0 }), rank < mesh.reduce(1, &*) else { return nil }
        var (offsets, sizes) = (shape.map { _ in 0 }, shape)
        let coordinates = coordinates(of: rank)
        for index in order {
            guard case .shard(let dimension) = splits[index] else { continue }
            let part = (sizes[dimension] + mesh[index] - 1) / mesh[index]
            let first = min(part * coordinates[index], sizes[dimension])
            offsets[dimension] += first
            sizes[dimension] = min(part, sizes[dimension] - first)
        }
        return (offsets, sizes)
    }
}
