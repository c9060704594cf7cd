/// Names of parameters as different writers spell them.
enum ParameterNames {
    private static let wrappers: Set<String> = ["module", "_orig_mod", "_fsdp_wrapped_module", "default", "base_layer"]

    /// The parts of a name without the wrappers of DDP, torch.compile, FSDP and PEFT.
    static func parts(_ name: String) -> [String] {
        name.split(separator: ".", omittingEmptySubsequences: false).map(String.init).filter { !wrappers.contains($0) }
    }

    /// Matches names an optimizer gives to weights: exactly, without wrappers, or as the one name with that ending.
    struct Matcher {
        private var exact: [String: Int] = [:]
        private var normal: [String: [Int]] = [:]
        private var lasts: [String: [(Int, [String])]] = [:]

        init(_ weights: [Weight]) {
            for index in weights.indices {
                for name in [weights[index].name, weights[index].ownName] where exact[name] == nil {
                    exact[name] = index
                }
                let parts = ParameterNames.parts(weights[index].ownName)
                normal[parts.joined(separator: "."), default: []].append(index)
                lasts[parts.last ?? "", default: []].append((index, parts))
            }
        }

        func find(_ name: String, shape: [Int]?, in weights: [Weight]) -> Int? {
            func fits(_ index: Int) -> Bool { shape == nil || weights[index].shape == shape }
            if let index = exact[name], fits(index) { return index }
            let parts = ParameterNames.parts(name)
            let same = (normal[parts.joined(separator: ".")] ?? []).filter(fits)
            if let first = same.first, same.count == 1 { return first }
            let close = (lasts[parts.last ?? ""] ?? []).filter { index, other in
                fits(index) && (other.suffix(parts.count) == parts[...] || parts.suffix(other.count) == other[...])
            }
            return close.count == 1 ? close.first?.0 : nil
        }
    }
}
