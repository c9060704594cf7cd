/// What the full name of a tensor in a distributed checkpoint says of an optimizer's state: whose, and which.
///
/// Frameworks put the words in different orders: `optimizer.state.NAME.exp_avg` (FSDP, torchtitan),
/// `state.optimizers.AdamW.state.NAME.exp_avg` (composer), `optimizer.state.exp_avg.NAME` (Megatron).
struct StateName: Hashable {
    /// The words before the parameter's name, `optimizer`.
    var optimizer: String
    /// The parameter's name as the optimizer has it.
    var owner: String
    /// `exp_avg`.
    var key: String

    /// The name under which the float32 original of a half-precision weight is reported, whatever a framework calls it.
    static let master = "fp32_master"

    private static let keys: Set<String> = [
        "step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "grad_avg", "sum",
        "acc_delta",
        "exp_inf", "row_var", "col_var", "variance", "param", "fp32_param", "master_param",
    ]
    private static let masters: Set<String> = ["param", "fp32_param", "master_param"]

    /// `nil` where the name is no optimizer's.
    init?(_ name: String) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let start = StateName.optimizerWord(words),
            let state = words[start...].dropFirst().firstIndex(of: "state")
        else { return nil }
        var rest = words[(state + 1)...]
        guard rest.count >= 2, let first = rest.first, let last = rest.last else { return nil }
        let isKeyFirst = !StateName.keys.contains(String(last)) && StateName.keys.contains(String(first))
        let key = String(isKeyFirst ? rest.removeFirst() : rest.removeLast())
        optimizer = words[..<state].joined(separator: ".")
        owner = rest.joined(separator: ".")
        self.key = StateName.masters.contains(key) ? StateName.master : key
    }

    /// Position of the word that begins the part of an optimizer.
    static func optimizerWord(_ words: [Substring]) -> Int? {
        words.prefix(3).firstIndex { $0.lowercased().hasPrefix("optim") }
    }

    /// Whether a name is within an optimizer's part, or in another that holds no weights.
    static func isElsewhere(_ name: String) -> Bool {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        if optimizerWord(words) != nil { return true }
        return words.prefix(2).contains { word in
            let word = word.lowercased()
            return ["rng_state", "random_state", "scheduler", "dataloader", "train_state", "grad_scaler", "callbacks"]
                .contains { word.contains($0) }
        }
    }
}
