import FileSystem
import TensorFiles

/// Megatron's flat buffers: a rank's parameters in reverse order, each beginning at a multiple of 64 elements.
///
/// What lies between two parameters, and behind the last, is memory that was never written: it belongs to no tensor.
enum MegatronWalk {
    /// A parameter and what each tensor parallel rank has of it.
    struct LocalParameter {
        var name: String
        var shape: [Int]
        /// By rank: boxes, one after the other in the rank's own tensor.
        var boxes: [[(offsets: [Int], sizes: [Int])]]
    }

    private static let alignment = 64
    /// Elements that may be left over: the buffer's own padding.
    private static let slack = 128

    /// The parameters of a distributed checkpoint in the model's order, stacked layers one by one.
    /// - Returns: `nil` where the chunks do not tell what each rank has.
    static func parameters(
        _ weights: [DCPMetadata.TensorEntry], _ folder: DCPFolder, ranks: Int
    ) throws(VarveError) -> [LocalParameter]? {
        var result: [LocalParameter] = []
        var stacked: [(before: String, after: String, entry: DCPMetadata.TensorEntry)] = []
        func flush() -> Bool {
            guard let count = stacked.first?.entry.shape.first else { return true }
            guard count <= 1 << 16, stacked.allSatisfy({ $0.entry.shape.first == count }) else { return false }
            for layer in 0..<count {
                for (before, after, entry) in stacked {
                    let boxes = entry.chunks.filter {
                        $0.offsets.count == entry.shape.count && $0.sizes.count == entry.shape.count
                            && $0.offsets[0] <= layer && layer - $0.offsets[0] < $0.sizes[0]
                    }.map { (Array($0.offsets.dropFirst()), Array($0.sizes.dropFirst())) }
                    let name = MegatronStore.parameterName("\(before)\(layer).\(after)")
                    guard let own = distribute(name, Array(entry.shape.dropFirst()), boxes, ranks) else { return false }
                    result.append(own)
                }
            }
            stacked = []
            return true
        }
        for entry in weights where entry.dtype.isFloatingPoint {
            if let (before, after) = MegatronStore.stack(entry.name), entry.shape.count > 1 {
                stacked.append((before, after, entry))
                continue
            }
            guard flush() else { return nil }
            let boxes = entry.chunks.map { ($0.offsets, $0.sizes) }
            let name = MegatronStore.parameterName(entry.name)
            guard let own = distribute(name, entry.shape, boxes, ranks) else { return nil }
            result.append(own)
        }
        return flush() ? result : nil
    }

    /// Gives boxes to ranks: the n-th of each stretch to rank n. A gated layer has two stretches, a tensor that all ranks
    /// have whole a single box.
    private static func distribute(
        _ name: String, _ shape: [Int], _ boxes: [([Int], [Int])], _ ranks: Int
    ) -> LocalParameter? {
        let sorted = boxes.sorted { $0.0.lexicographicallyPrecedes($1.0) }
        if sorted.count == 1, let only = sorted.first {
            return LocalParameter(name: name, shape: shape, boxes: Array(repeating: [only], count: ranks))
        }
        guard ranks > 0, sorted.count % ranks == 0, !sorted.isEmpty else { return nil }
        let own = (0..<ranks).map { rank in stride(from: rank, to: sorted.count, by: ranks).map { sorted[$0] } }
        return LocalParameter(name: name, shape: shape, boxes: own)
    }

    private static let columnParallel = [
        "linear_qkv.weight", "linear_qkv.bias", "linear_fc1.weight", "linear_fc1.bias", "word_embeddings.weight",
        "output_layer.weight", "query_key_value.weight", "query_key_value.bias", "dense_h_to_4h.weight",
        "dense_h_to_4h.bias",
    ]
    private static let rowParallel = [
        "linear_proj.weight", "linear_fc2.weight", "attention.dense.weight", "self_attention.dense.weight",
        "dense_4h_to_h.weight",
    ]
    private static let gated = ["linear_fc1.weight", "linear_fc1.bias", "dense_h_to_4h.weight", "dense_h_to_4h.bias"]

    /// The whole of a parameter that each rank has a part of, by Megatron's names; what is not split every rank has whole.
    /// - Parameter isGated: the first layer of an MLP is two matrices, each of them split.
    static func joined(_ name: String, _ local: [Int], ranks: Int, isGated: Bool) -> LocalParameter {
        func ends(_ endings: [String]) -> Bool { endings.contains { name.hasSuffix($0) } }
        let dimension = ends(columnParallel) ? 0 : ends(rowParallel) ? 1 : nil
        guard ranks > 1, let dimension, local.indices.contains(dimension) else {
            let whole = (local.map { _ in 0 }, local)
            return LocalParameter(name: name, shape: local, boxes: Array(repeating: [whole], count: ranks))
        }
        var shape = local
        shape[dimension] = local[dimension].multipliedReportingOverflow(by: ranks).partialValue
        let halves = isGated && ends(gated) && local[dimension] % 2 == 0 ? 2 : 1
        var sizes = local
        sizes[dimension] /= halves
        let boxes = (0..<ranks).map { rank in
            (0..<halves).map { half in
                var offsets = local.map { _ in 0 }
                offsets[dimension] = (half * ranks + rank) &* sizes[dimension]
                return (offsets: offsets, sizes: sizes)
            }
        }
        return LocalParameter(name: name, shape: shape, boxes: boxes)
    }

    /// Adds the pieces that a rank's buckets hold, by parameter.
    /// - Returns: whether the sizes come out.
    static func walk(
        _ parameters: [LocalParameter], rank: Int, _ buckets: [FlatBuffer], into pieces: inout [Int: [TensorPiece]]
    ) -> Bool {
        var (bucket, position) = (0, 0)
        for (index, parameter) in parameters.enumerated().reversed() {
            var count = 0
            for box in parameter.boxes[rank] {
                guard let volume = LogicalTensor.count(box.sizes) else { return false }
                count += volume
            }
            position = (position + alignment - 1) / alignment * alignment
            while bucket < buckets.count, count > buckets[bucket].count - position {
                (bucket, position) = (bucket + 1, 0)
            }
            guard bucket < buckets.count else { return false }
            for box in parameter.boxes[rank] {
                let volume = box.sizes.reduce(1, *)
                guard
                    let own = buckets[bucket].pieces(
                        position..<position + volume, offsets: box.offsets, sizes: box.sizes)
                else { return false }
                pieces[index, default: []] += own
                position += volume
            }
        }
        guard bucket == buckets.count - 1 else { return buckets.isEmpty }
        return buckets[bucket].count - position < slack
    }
}
