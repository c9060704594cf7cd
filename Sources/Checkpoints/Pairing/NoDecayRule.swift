/// Which parameters a training script keeps out of weight decay, so in a group of their own.
struct NoDecayRule: Sendable {
    var title: String
    var matches: @Sendable (Weight) -> Bool

    /// All rules, the most common first.
    static let all: [NoDecayRule] = [
        NoDecayRule(title: "fewer than two dimensions") { $0.shape.count < 2 },
        NoDecayRule(title: "timm") {
            $0.shape.count < 2 || $0.ownName.hasSuffix(".bias") || isTimmSpecial($0.ownName)
        },
        NoDecayRule(title: "Hugging Face Trainer") { isTrainerName($0.ownName) || isLayerNorm($0) },
        NoDecayRule(title: "Hugging Face Trainer, names only") { isTrainerName($0.ownName) },
        NoDecayRule(title: "Hugging Face Trainer 4") {
            $0.ownName.contains("bias") || isLayerNorm($0)
        },
        NoDecayRule(title: "bias and LayerNorm.weight") {
            $0.ownName.contains("bias") || $0.ownName.contains("LayerNorm.weight")
                || $0.ownName.contains("layer_norm.weight")
                || $0.ownName.contains("layernorm.weight")
        },
        NoDecayRule(title: "bias") { $0.ownName.hasSuffix("bias") },
        NoDecayRule(title: "minGPT") { $0.shape.count < 2 || isEmbedding($0.ownName) },
        NoDecayRule(title: "matrices inside the blocks") {
            $0.shape.count < 2 || isEmbedding($0.ownName)
                || !$0.ownName.split(separator: ".").contains { Int($0) != nil }
        },
    ]

    private static func isTimmSpecial(_ name: String) -> Bool {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        return [
            "cls_token", "pos_embed", "dist_token", "reg_token", "mask_token", "pos_embed_win", "absolute_pos_embed",
        ]
        .contains(last) || name.contains("relative_position_bias_table") || name.contains("rel_pos.mlp")
            || last == "gamma" || last.hasSuffix("temperature")
    }

    /// The name rules of transformers 5: seen at every level of the module tree.
    static func isTrainerName(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.contains("bias") || name.contains("layernorm") || name.contains("rmsnorm") { return true }
        return name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
    }

    /// A vector that belongs to a normalisation layer other than batch norm, as far as its name tells.
    static func isLayerNorm(_ weight: Weight) -> Bool {
        guard weight.shape.count < 2 else { return false }
        let parts = weight.ownName.lowercased().split(separator: ".")
        guard let module = parts.dropLast().last else { return false }
        // ConvNeXt: a norm, then the convolution.
        if parts.count > 2, module == "0", parts[parts.count - 3] == "downsampling_layer" { return true }
        if module.hasPrefix("bn") || module.contains("batch") { return false }
        return module.contains("norm") || module.hasPrefix("ln") || module.hasSuffix("ln")
    }

    static func isEmbedding(_ name: String) -> Bool {
        let name = name.lowercased()
        let words: Set<Substring> = ["tok", "pos", "token", "position", "tokens", "positions", "wte", "wpe"]
        return name.contains("emb") || name.split(separator: ".").contains { words.contains($0) }
            || name.hasSuffix("wte.weight") || name.hasSuffix("wpe.weight")
            || name.hasSuffix("shared.weight")
    }
}

/// Which weights each rule keeps out of weight decay: worked out once for all orders and groupings that are tried, because
/// the rules look for words in names.
struct NoDecayMarks {
    /// By weight: a bit for each of the rules that tell something, the most common rule's the lowest.
    private var marks: [UInt16]
    /// How many rules tell something.
    private(set) var count = 0

    /// Rules that mark the same weights as one before them are left out: they give the same groupings.
    init(_ weights: [Weight], among open: [Int]) {
        marks = [UInt16](repeating: 0, count: weights.count)
        var seen: Set<[Bool]> = []
        for rule in NoDecayRule.all {
            let matches = open.map { rule.matches(weights[$0]) }
            guard seen.insert(matches).inserted else { continue }
            for (weight, isMarked) in zip(open, matches) where isMarked { marks[weight] |= 1 << UInt16(count) }
            count += 1
        }
    }

    /// The weights of an order that a rule keeps out of decay, and the others.
    func split(_ order: [Int], by rule: Int) -> (without: [Int], with: [Int]) {
        var (without, with): ([Int], [Int]) = ([], [])
        for weight in order {
            if marks[weight] >> UInt16(rule) & 1 != 0 { without.append(weight) } else { with.append(weight) }
        }
        return (without, with)
    }
}
