/// The words before a weight's own name in a distributed checkpoint: `model.`, `app.model.`, `state.model.`, none.
enum ContainerPrefix {
    private static let outer: Set<String> = ["app", "state", "checkpoint", "train_state", "model_and_optim"]
    private static let models: Set<String> = [
        "model", "state_dict", "model_state_dict", "model_state", "module", "net", "network", "weights", "params",
    ]

    /// - Parameters:
    ///   - weights: full names.
    ///   - owners: names that the optimizer has for parameters; they are without the prefix.
    /// - Returns: the prefix with its dot.
    static func of(_ weights: [String], owners: Set<String>) -> String {
        var votes: [String: Int] = [:]
        for name in weights {
            var rest = name[...]
            while true {
                if owners.contains(String(rest)) {
                    votes[String(name.dropLast(rest.count)), default: 0] += 1
                    break
                }
                guard let dot = rest.firstIndex(of: ".") else { break }
                rest = rest[rest.index(after: dot)...]
            }
        }
        if let best = votes.max(by: { ($0.value, -$0.key.count, $1.key) < ($1.value, -$1.key.count, $0.key) }) {
            return best.key
        }
        return container(weights)
    }

    /// Without an optimizer: the words that all have in common, as far as they are a container's.
    private static func container(_ weights: [String]) -> String {
        let names = weights.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
        guard let first = names.first else { return "" }
        var common = first.count - 1
        for name in names {
            var same = 0
            while same < min(common, name.count - 1), name[same] == first[same] { same += 1 }
            common = same
        }
        var end = 0
        while end < common, outer.contains(String(first[end])) { end += 1 }
        guard end < common, models.contains(String(first[end])) else { return "" }
        return first[...end].map { $0 + "." }.joined()
    }
}
