/// Puts parameter names whose order was lost (safetensors sorts them) back into the order of registration.
///
/// A model registers its modules recursively, so an order is an order of siblings under each parent. The table
/// (`ModelFamilies+Table`) holds it for known families: parent, children in order. Names under an unknown parent are
/// sorted by what their words usually mean, naturally by layer number.
enum ModelFamilies {
    struct Order {
        /// Positions of the given paths.
        var order: [Int]
        /// Every sibling order stands in the family's table.
        var isDocumented: Bool
    }

    /// One family: children in order by parent. Layer numbers are `#` there; a parent that is one is named with
    /// its own parent, `layers.#`.
    struct Family: Sendable {
        var name: String
        var children: [String: [String]]

        init(name: String, children: [String: [String]]) {
            self.name = name
            self.children = children
        }

        /// Reads `parent: child child ...` lines.
        init(name: String, table: String) {
            self.name = name
            var children: [String: [String]] = [:]
            for line in table.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { continue }
                children[parts[0].trimmed, default: []] += parts[1].split(separator: " ").map(String.init)
            }
            self.children = children
        }

        /// Rank of a child under a parent; `nil` where the family does not know the pair.
        func rank(_ parent: String, _ child: String) -> Int? {
            if let rank = children[parent]?.firstIndex(of: child) { return rank }
            // Any linear layer: its own parameters, then an adapter's.
            return ModelFamilies.leaves.firstIndex(of: child)
        }
    }

    private static let leaves = [
        "weight", "bias", "lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector",
    ]

    /// Whether these siblings are a layer's own tensors, whose order never varies.
    static func isLeaves(_ siblings: [String]) -> Bool { siblings.allSatisfy { leaves.contains($0) } }

    /// The orders that come into question for these paths, documented ones first.
    static func orders(_ paths: [[String]]) -> [Order] {
        let paths = withoutCommonWrappers(paths)
        var orders: [Order] = []
        let modules = paths.map { withModules($0) }
        for family in all {
            guard let order = order(modules, family), !orders.contains(where: { $0.order == order }) else { continue }
            orders.append(Order(order: order, isDocumented: true))
        }
        let usual = naturalOrder(paths)
        if !orders.contains(where: { $0.order == usual }) { orders.append(Order(order: usual, isDocumented: false)) }
        return orders
    }

    /// PEFT puts `base_model.model.` before every name.
    private static func withoutCommonWrappers(_ paths: [[String]]) -> [[String]] {
        guard !paths.isEmpty, paths.allSatisfy({ $0.count > 2 && $0[0] == "base_model" && $0[1] == "model" }) else {
            return paths
        }
        return paths.map { Array($0.dropFirst(2)) }
    }

    /// The order under one family, where it knows every pair of parent and child.
    private static func order(_ paths: [[String]], _ family: Family) -> [Int]? {
        let firsts = Set(paths.compactMap(\.first))
        // A model without its head, or below a wrapper, begins further down the tree.
        let starts = [""] + (family.children[""] ?? []).filter { family.children[$0] != nil }
        for start in starts
        where firsts.allSatisfy({ family.children[start]?.contains($0) ?? false || numbered($0, start, family) }) {
            var keys: [[Int]] = []
            for path in paths {
                guard let key = key(path, start, family) else { break }
                keys.append(key)
            }
            guard keys.count == paths.count else { continue }
            return paths.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
        }
        return nil
    }

    private static func numbered(_ part: String, _ parent: String, _ family: Family) -> Bool {
        Int(part) != nil && family.children[parent]?.contains("#") ?? false
    }

    /// Where a path stands in a family's order; `nil` where the family does not know it.
    static func key(_ path: [String], _ start: String, _ family: Family) -> [Int]? {
        var key: [Int] = []
        var parent = start
        for part in path {
            let (child, next) = step(parent, part)
            guard let rank = family.rank(parent, child) else { return nil }
            key.append(rank)
            if let number = Int(part) { key.append(number) }
            parent = next
        }
        return key
    }

    /// The name of a path's part among its siblings, and as a parent itself.
    static func step(_ parent: String, _ part: String) -> (child: String, next: String) {
        guard Int(part) != nil else { return (part, part) }
        return ("#", (parent.split(separator: ".").last.map(String.init) ?? "") + ".#")
    }

    /// Layers by number; under each parent what words usually mean, else as in the file.
    static func naturalOrder(_ paths: [[String]]) -> [Int] {
        // Each word is looked at once: a thousand names are compared ten thousand times.
        var ranks: [String: Int] = [:]
        for part in paths.joined() where ranks[part] == nil { ranks[part] = usualRank(part) }
        return paths.indices.sorted { a, b in
            let (x, y) = (paths[a], paths[b])
            for (p, q) in zip(x, y) where p != q {
                if let m = Int(p), let n = Int(q) { return m < n }
                let (m, n) = (ranks[p] ?? 0, ranks[q] ?? 0)
                return m != n ? m < n : p.utf8.lexicographicallyPrecedes(q.utf8)
            }
            return x.count < y.count
        }
    }

    private static func usualRank(_ part: String) -> Int {
        let name = part.lowercased()
        for (rank, words) in usual.enumerated() where words.contains(where: { name.contains($0) }) { return rank }
        return usual.count / 2
    }

    private static let usual: [[String]] = [
        ["cls_token"], ["wte", "word_embedding", "embed_tokens", "tok_emb", "shared"],
        ["wpe", "position_emb", "pos_emb", "pos_embed"],
        ["embed"], ["ln_1", "norm1", "norm_1"], ["encoder"], ["self_attn", "attention", "attn"],
        ["q_proj", "query", "q_lin", "wq"],
        ["k_proj", "key", "k_lin", "wk"], ["v_proj", "value", "v_lin", "wv"], ["o_proj", "out_proj", "wo"], ["cross"],
        ["ln_2", "norm2", "norm_2"],
        ["gate_proj", "w1"], ["layers", "blocks", "block"], ["up_proj", "c_fc", "fc1", "linear1"],
        ["down_proj", "c_proj", "fc2", "linear2", "w2"], ["mlp", "ffn"],
        ["weight"], ["bias"], ["decoder"], ["input_layernorm"], ["post_attention"], ["norm", "ln_f"], ["pool"],
        ["head", "classifier", "score", "lm_head", "output"],
    ]
}

extension Substring {
    /// Without spaces around it.
    var trimmed: String { String(self).trimming(" ") }
}
