/// Finds the order in which an unknown model registered its parameters, where the file lost it: the order of siblings
/// under each parent that makes every shape of the optimizer's sequence fit, and of several the one the data prefer.
///
/// All layers of a stack share one order (their parents are one key, `layers.#`), so the data of all layers count
/// together.
struct SiblingSearch {
    /// Parents with more children than this are searched by moving single children, not by all permutations.
    private static let permutationLimit = 5
    /// The most orders that are tried until one fits.
    private static let lookLimit = 4000
    /// The most mappings that are handed back.
    private static let mappingLimit = 64

    let problem: PairingProblem
    let subset: [Int]
    private let paths: [[String]]
    /// Children that are tensors themselves, by parent: a module's own come before those of the modules in it.
    private let own: [String: Set<String>]

    /// - Parameter subset: as many weights as the problem has slots.
    init(problem: PairingProblem, subset: [Int]) {
        self.problem = problem
        self.subset = subset
        paths = subset.map { ParameterNames.parts(problem.weights[$0].ownName) }
        var own: [String: Set<String>] = [:]
        for path in paths {
            var parent = ""
            for part in path.dropLast() { parent = ModelFamilies.step(parent, part).next }
            if let last = path.last { own[parent, default: []].insert(last) }
        }
        self.own = own
    }

    /// Own tensors first, otherwise as given.
    private func ownFirst(_ siblings: [String], _ parent: String) -> [String] {
        let first = own[parent] ?? []
        return siblings.filter { first.contains($0) } + siblings.filter { !first.contains($0) }
    }

    typealias Children = [String: [String]]

    /// The mapping the data like best and those that differ from it under one parent; empty where no order fits.
    /// - Parameter score: how well the data bear out a slot with a weight.
    func mappings(score: (_ slot: Int, _ weight: Int) -> Float) -> [PairingProblem.Mapping] {
        var children = start()
        guard climb(&children) else { return [] }
        func total(_ mapping: [Int: Int]) -> Float { mapping.reduce(0) { $0 + score($1.key, $1.value) } }
        var best = mapping(children) ?? [:]
        for _ in 0..<3 {
            var improved = false
            for parent in children.keys.sorted() {
                for option in options(children, parent) {
                    var other = children
                    other[parent] = option
                    guard let candidate = mapping(other), total(candidate) > total(best) + 1e-4 else { continue }
                    children = other
                    best = candidate
                    improved = true
                }
            }
            if !improved { break }
        }
        var found = [best]
        for parent in children.keys.sorted() {
            for option in options(children, parent) where found.count < SiblingSearch.mappingLimit {
                var other = children
                other[parent] = option
                if let candidate = mapping(other), !found.contains(candidate) { found.append(candidate) }
            }
        }
        return found.map { PairingProblem.Mapping(weight: $0, trust: .guess) }
    }

    /// The natural order, as children by parent.
    private func start() -> Children {
        var children: Children = [:]
        for position in ModelFamilies.naturalOrder(paths) {
            var parent = ""
            for part in paths[position] {
                let (child, next) = ModelFamilies.step(parent, part)
                if children[parent]?.contains(child) != true { children[parent, default: []].append(child) }
                parent = next
            }
        }
        for (parent, siblings) in children { children[parent] = ownFirst(siblings, parent) }
        return children
    }

    /// Changes sibling orders until every shape fits. Whether it got there.
    private func climb(_ children: inout Children) -> Bool {
        guard var misfits = misfits(children) else { return false }
        var looks = 0
        while misfits > 0 {
            let before = misfits
            for parent in children.keys.sorted() where misfits > 0 {
                for option in options(children, parent) {
                    looks += 1
                    guard looks < SiblingSearch.lookLimit else { return false }
                    var other = children
                    other[parent] = option
                    if let count = self.misfits(other), count < misfits { (children, misfits) = (other, count) }
                }
            }
            if misfits == before, !climbTogether(&children, &misfits, &looks) { return false }
        }
        return true
    }

    /// Changes two parents' orders at once, for when no single change helps.
    private func climbTogether(_ children: inout Children, _ misfits: inout Int, _ looks: inout Int) -> Bool {
        let parents = children.keys.sorted()
        for (index, first) in parents.enumerated() {
            for option in options(children, first) {
                var one = children
                one[first] = option
                for second in parents[(index + 1)...] {
                    for choice in options(children, second) {
                        looks += 1
                        guard looks < SiblingSearch.lookLimit else { return false }
                        var other = one
                        other[second] = choice
                        if let count = self.misfits(other), count < misfits {
                            (children, misfits) = (other, count)
                            return true
                        }
                    }
                }
            }
        }
        return false
    }

    private func options(_ children: Children, _ parent: String) -> [[String]] {
        guard let siblings = children[parent], siblings.count > 1, !ModelFamilies.isLeaves(siblings) else { return [] }
        if siblings.count <= SiblingSearch.permutationLimit {
            return PairingProblem.permutations(siblings).filter { $0 != siblings && $0 == ownFirst($0, parent) }
        }
        var options: [[String]] = []
        for from in siblings.indices {
            for to in siblings.indices where to != from {
                var moved = siblings
                moved.insert(moved.remove(at: from), at: to)
                if moved == ownFirst(moved, parent) { options.append(moved) }
            }
        }
        return options
    }

    private func order(_ children: Children) -> [Int] {
        let family = ModelFamilies.Family(name: "", children: children)
        let keys = paths.map { ModelFamilies.key($0, "", family) ?? [] }
        return paths.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }.map { subset[$0] }
    }

    /// Slots whose shape is not their weight's, under the grouping where they are fewest.
    private func misfits(_ children: Children) -> Int? {
        problem.distributions(order(children)).map { lists, _ in
            zip(problem.groups, lists).reduce(0) { sum, pair in
                sum + zip(pair.0, pair.1).filter { !problem.fits($0, $1) }.count
            }
        }.min()
    }

    private func mapping(_ children: Children) -> [Int: Int]? {
        for (lists, _) in problem.distributions(order(children)) {
            if let mapping = problem.mapping(lists) { return mapping }
        }
        return nil
    }
}
