import FileSystem

/// Files whose names carry the number of ranks: `model_world_size_8_rank_3.pt` (verl), and every kind of them from every
/// rank.
enum NamedRanks: CompletenessRule {
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        var ranks: [String: (size: Int, present: Set<Int>, suffix: String)] = [:]
        for file in folder.files {
            guard let name = RankName(file) else { continue }
            ranks[name.prefix, default: (name.size, [], name.suffix)].present.insert(name.rank)
        }
        for (prefix, kind) in ranks.sorted(by: { $0.key < $1.key }) {
            guard let missing = (0..<kind.size).first(where: { !kind.present.contains($0) }) else { continue }
            return folder.incomplete(
                "\(kind.present.count) of \(kind.size) ranks have written theirs", "\(prefix)\(missing)\(kind.suffix)")
        }
        return nil
    }

    /// `PREFIX_world_size_W_rank_R.SUFFIX`.
    private struct RankName {
        var prefix: String
        var size: Int
        var rank: Int
        var suffix: String

        init?(_ name: String) {
            // Few files are such ones, and an expression is parsed again for each.
            guard name.contains("_rank_"),
                let match = name.wholeMatch(
                    of: /(?<prefix>.*world_size_(?<size>[0-9]+)_rank_)(?<rank>[0-9]+)(?<suffix>.*)/),
                let size = Int(match.size), (1...1 << 20).contains(size), let rank = Int(match.rank), rank < size
            else { return nil }
            prefix = String(match.prefix)
            self.size = size
            self.rank = rank
            suffix = String(match.suffix)
        }
    }
}
