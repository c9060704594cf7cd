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
        /// Weights by every ending of their names.
        private var endings: [Substring: [Int]] = [:]

        init(_ weights: [Weight]) {
            for index in weights.indices {
                for name in [weights[index].name, weights[index].ownName] where exact[name] == nil {
                    exact[name] = index
                }
                let name = ParameterNames.parts(weights[index].ownName).joined(separator: ".")
                normal[name, default: []].append(index)
                for ending in ParameterNames.endings(name) { endings[ending, default: []].append(index) }
            }
        }

        func find(_ name: String, shape: [Int]?, in weights: [Weight]) -> Int? {
            func fits(_ index: Int) -> Bool { shape == nil || weights[index].shape == shape }
            if let index = exact[name], fits(index) { return index }
            let name = ParameterNames.parts(name).joined(separator: ".")
            let same = (normal[name] ?? []).filter(fits)
            if let first = same.first, same.count == 1 { return first }
            // Either name may be the ending of the other.
            var close = Set((endings[name[...]] ?? []).filter(fits))
            for ending in ParameterNames.endings(name) { close.formUnion((normal[String(ending)] ?? []).filter(fits)) }
            return close.count == 1 ? close.first : nil
        }
    }

    /// A name, and what is left of it without its first part, its first two parts and so on.
    private static func endings(_ name: String) -> [Substring] {
        var endings = [name[...]]
        while let rest = endings.last, let dot = rest.firstIndex(of: ".") {
            endings.append(rest[rest.index(after: dot)...])
        }
        return endings
    }
}
