/// Names of DeepSpeed's experts: in a rank's optimizer each counts its own, `….deepspeed_experts.0.…`, in the checkpoint they
/// are counted through all ranks of the expert parallel group.
struct ExpertNames {
    private static let mark = ".deepspeed_experts."

    /// Experts of a rank, by what comes before their number.
    private var counts: [Substring: Int] = [:]

    /// `nil` if the names are not all names of experts.
    init?(_ names: [String]) {
        guard !names.isEmpty else { return nil }
        for name in names {
            guard let (layer, number, _) = Self.split(name) else { return nil }
            counts[layer] = max(counts[layer] ?? 0, number + 1)
        }
    }

    /// The name in the checkpoint of an expert of the rank with that place in its group.
    func name(_ name: String, rank: Int) -> String {
        guard let (layer, number, rest) = Self.split(name), let count = counts[layer] else { return name }
        return "\(layer)\(Self.mark)\(rank * count + number)\(rest)"
    }

    /// What comes before an expert's number, the number, and the rest; `nil` for the name of anything else.
    static func split(_ name: String) -> (layer: Substring, number: Int, rest: Substring)? {
        guard let mark = name.firstRange(of: Self.mark) else { return nil }
        let digits = name[mark.upperBound...].prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number < 1 << 24 else { return nil }
        return (name[..<mark.lowerBound], number, name[digits.endIndex...])
    }
}
