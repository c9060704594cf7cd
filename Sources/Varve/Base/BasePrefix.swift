/// How the names of a base's weights differ from those of a run: by one prefix of all, as where a model was saved by
/// itself (`encoder.layer.0`) and is trained as part of another (`bert.encoder.layer.0`).
enum BasePrefix: Hashable, Sendable {
    case none
    /// The run has it, the base does not.
    case added(String)
    /// The base has it, the run does not.
    case removed(String)

    /// For a run: as they are where half of its names are the base's, else the prefix by which most are, if half are.
    init(run: Set<String>, base: Set<String>) {
        let same = run.count { base.contains($0) }
        let best = Self.best(run: run, base: base)
        self = 2 * same < run.count && 2 * best.matches >= run.count ? best.prefix : .none
    }

    /// For what an archive recorded: all names that the base's weights had then.
    ///
    /// It is the same prefix as then. No other one gives all of these names, except such as would have been taken then.
    init(recorded: Set<String>, base: Set<String>) { self = Self.best(run: recorded, base: base).prefix }

    /// What the run calls a weight of the base; `nil` for one that lacks the prefix.
    func name(_ name: String) -> String? {
        switch self {
        case .none: name
        case .added(let prefix): prefix + name
        case .removed(let prefix): name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        }
    }

    /// That by which most names match; of several the first in the order of `isBefore`.
    private static func best(run: Set<String>, base: Set<String>) -> (prefix: BasePrefix, matches: Int) {
        let same = run.count { base.contains($0) }
        guard same < run.count else { return (.none, same) }
        var matches: [BasePrefix: Int] = [.none: same]
        for name in run {
            for (prefix, rest) in splits(name) where base.contains(rest) { matches[.added(prefix), default: 0] += 1 }
        }
        for name in base {
            for (prefix, rest) in splits(name) where run.contains(rest) { matches[.removed(prefix), default: 0] += 1 }
        }
        var best = (prefix: BasePrefix.none, matches: same)
        for (prefix, count) in matches
        where count > best.matches || count == best.matches && prefix.isBefore(best.prefix) {
            best = (prefix, count)
        }
        return best
    }

    /// A name cut at each of its first dots. A file may have any names, so what no model has is not looked at.
    private static func splits(_ name: String) -> [(prefix: String, rest: String)] {
        guard name.utf8.count <= 512 else { return [] }
        return name.indices.lazy.filter { name[$0] == "." }.prefix(8).map {
            let next = name.index(after: $0)
            return (String(name[..<next]), String(name[next...]))
        }
    }

    /// None, then added ones, then removed ones, shorter before longer.
    private func isBefore(_ other: BasePrefix) -> Bool {
        let (mine, theirs) = (rank, other.rank)
        if mine.kind != theirs.kind { return mine.kind < theirs.kind }
        if mine.text.utf8.count != theirs.text.utf8.count { return mine.text.utf8.count < theirs.text.utf8.count }
        return mine.text.utf8.lexicographicallyPrecedes(theirs.text.utf8)
    }

    private var rank: (kind: Int, text: String) {
        switch self {
        case .none: (0, "")
        case .added(let prefix): (1, prefix)
        case .removed(let prefix): (2, prefix)
        }
    }
}
