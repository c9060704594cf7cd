extension StepName {
    /// The words that tell what a number in a name means.
    enum Words {
        static let step: Set<String> = [
            "step", "steps", "globalstep", "globalsteps", "iter", "iters", "iteration", "iterations", "itr", "it",
            "update", "updates", "ba",
        ]
        static let checkpoint: Set<String> = [
            "checkpoint", "checkpoints", "ckpt", "ckpts", "ckp", "chkpt", "chkpnt", "model", "models", "snapshot",
            "snapshots", "weights", "weight", "state", "states", "net", "adapter", "adapters", "params",
        ]
        static let epoch: Set<String> = ["epoch", "epochs", "ep"]
        /// A number after one of these is never a step.
        static let foreign: Set<String> = [
            "rank", "loss", "acc", "accuracy", "ppl", "bleu", "auc", "seed", "lr", "bs", "fold", "worker", "process",
            "gpu", "node", "part", "shard", "stage", "expert", "trial", "version", "layers", "heads", "dim", "width",
            "of", "size",
        ]
        /// Types: digits glued to one of these are a precision.
        static let precision: Set<String> = ["fp", "bf", "int", "uint", "float", "f", "nf", "q"]
        /// Units: digits before one of these are a size.
        static let size: Set<String> = ["b", "m", "bit", "bits", "px", "gb", "mb"]
        /// Names that move from step to step.
        static let moving: Set<String> = [
            "last", "best", "latest", "final", "current", "newest", "recent", "resume", "recovery",
        ]
    }

    /// Endings of checkpoint files.
    static let suffixes: [String] = [
        ".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar", ".npz", ".h5", ".hdf5", ".keras", ".weights",
        ".msgpack", ".pkl", ".pickle", ".model", ".params", ".th", ".t7", ".gz", ".zip",
    ]
    private static let companions: [String] = [".index.json", ".json", ".yaml", ".txt"]

    /// The name without the endings of checkpoint files, of temporary files and of indexes.
    static func stem(_ name: String) -> String {
        var stem = Substring(name)
        var found = true
        while found {
            found = false
            for suffix in suffixes + companions + temporarySuffixes where stem.count > suffix.count {
                if stem.lowercased().hasSuffix(suffix) {
                    stem = stem.dropLast(suffix.count)
                    found = true
                }
            }
        }
        return String(stem)
    }

    /// Takes out what is no step: `-00001-of-00003`, `mp_rank_00`, `_v2`, `fp16`, `7b`, metrics (`0.25`), dates and
    /// hashes.
    static func withoutOtherNumbers(_ tokens: [NameToken]) -> [NameToken] {
        var drop = Set<Int>()
        for index in tokens.indices {
            let before = index > 0 ? tokens[index - 1] : nil
            let next = index + 1 < tokens.count ? tokens[index + 1] : nil
            if tokens[index].kind == .letters { markForeign(index, tokens, &drop) }
            guard tokens[index].kind == .digits else { continue }
            if let before, before.kind == .letters {
                let opens = index < 2 || tokens[index - 2].kind == .other
                if before.text == "v", opens { drop.insert(index) }
                if Words.precision.contains(before.text), opens { drop.insert(index) }
            }
            if let next, next.kind == .letters, Words.size.contains(next.text) { drop.insert(index) }
            if next?.text == ".", index + 2 < tokens.count, tokens[index + 2].kind == .digits {
                drop.formUnion([index, index + 2])
            }
            markDate(index, tokens, &drop)
        }
        markHashes(tokens, &drop)
        return tokens.indices.filter { !drop.contains($0) }.map { tokens[$0] }
    }

    /// Numbers after `rank`, `loss`...; both numbers around `of`.
    private static func markForeign(_ index: Int, _ tokens: [NameToken], _ drop: inout Set<Int>) {
        guard Words.foreign.contains(tokens[index].text) else { return }
        var position = index + 1
        while position < tokens.count, tokens[position].kind == .other, position - index <= 2 { position += 1 }
        if position < tokens.count, tokens[position].kind == .digits { drop.insert(position) }
        if tokens[index].text == "of", index >= 2, tokens[index - 2].kind == .digits { drop.insert(index - 2) }
    }

    /// `2024-01-31` and a time of day behind it.
    private static func markDate(_ index: Int, _ tokens: [NameToken], _ drop: inout Set<Int>) {
        guard tokens[index].text.count == 4, tokens[index].text.hasPrefix("20"), index + 4 < tokens.count,
            tokens[index + 2].text.count == 2, tokens[index + 2].kind == .digits,
            tokens[index + 4].text.count == 2, tokens[index + 4].kind == .digits
        else { return }
        var position = index
        while position < tokens.count, position <= index + 10 {
            if tokens[position].kind == .letters, tokens[position].text != "t" { break }
            drop.insert(position)
            position += 1
        }
        // `+00` behind a time of day: SpeechBrain's counter of checkpoints within a second.
        if position == index + 11, position + 1 < tokens.count, tokens[position].text == "+" {
            drop.formUnion([position, position + 1])
        }
    }

    /// Runs of at least seven hexadecimal digits and letters in alternation.
    private static func markHashes(_ tokens: [NameToken], _ drop: inout Set<Int>) {
        var start = 0
        while start < tokens.count {
            guard tokens[start].kind != .other else {
                start += 1
                continue
            }
            var end = start
            while end < tokens.count, tokens[end].kind != .other { end += 1 }
            let text = tokens[start..<end].map(\.text).joined()
            if end - start >= 3, text.count >= 7, text.allSatisfy(\.isHexDigit) { drop.formUnion(start..<end) }
            start = end
        }
    }
}
