/// What the words in a file's name say about its part in a step.
enum FileRole {
    private static let auxiliary: Set<String> = [
        "scheduler", "sched", "scaler", "rng", "random", "args", "tokenizer", "vocab", "config", "sampler", "trainer",
    ]
    private static let optimizer: Set<String> = ["optimizer", "optimizers", "optim", "optims", "opt"]
    private static let network: Set<String> = [
        "g", "d", "generator", "discriminator", "netg", "netd", "critic", "actor", "encoder", "decoder", "ema",
        "teacher",
        "student", "disc", "gen", "policy", "value", "vae", "unet",
    ]
    private static let checkpoint: Set<String> = [
        "checkpoint", "ckpt", "model", "weights", "state", "snapshot", "step", "iter", "epoch", "adapter", "optimizer",
    ]

    private static func words(_ name: String) -> Set<String> {
        Set(NameToken.split(StepName.stem(name)).filter { $0.kind == .letters }.map(\.text))
    }

    /// Schedulers, random states, arguments.
    static func isAuxiliary(_ name: String) -> Bool { !auxiliary.isDisjoint(with: words(name)) }

    static func isOptimizer(_ name: String) -> Bool { !optimizer.isDisjoint(with: words(name)) }

    /// Whether a name with an ending that anything may have (`.bin`) is a checkpoint's.
    static func namesCheckpoint(_ name: String) -> Bool { !checkpoint.isDisjoint(with: words(name)) }

    /// Which of several networks a file is about.
    static func network(_ name: String) -> Set<String> { words(name).intersection(network) }

    /// The name without its shard number, of `x-00001-of-00003`; `nil` for other names.
    static func shardKey(_ name: String) -> String? {
        let tokens = NameToken.split(name)
        guard let of = tokens.firstIndex(where: { $0.text == "of" }), of >= 2, tokens[of - 2].kind == .digits else {
            return nil
        }
        return tokens.indices.map { $0 == of - 2 ? "#" : tokens[$0].text }.joined()
    }

    /// The words of a name without those that tell weights from optimizer: `last_model` and `last_optim` agree.
    static func bareStem(_ name: String) -> String {
        NameToken.split(StepName.stem(name)).filter { $0.kind == .letters }.map(\.text)
            .filter {
                !optimizer.contains($0) && !auxiliary.contains($0)
                    && !["model", "weights", "pytorch", "state", "net"].contains($0)
            }
            .joined(separator: " ")
    }
}
