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
    /// The most work that a search is worth, in slots that were given a weight: some seconds, and more than models of a
    /// thousand tensors take. Counted and not timed, so that every machine decides alike.
    static let workLimit = 20_000_000

    let problem: PairingProblem
    let subset: [Int]
    private let tree: SiblingTree
    /// The work done so far.
    private(set) var work = 0
    /// Whether the search ended at its limit: nothing follows from what it had found by then.
    var isExhausted: Bool { work > workLimit }
    private let workLimit: Int

    /// - Parameter subset: as many weights as the problem has slots.
    init(problem: PairingProblem, subset: [Int], workLimit: Int = SiblingSearch.workLimit) {
        self.problem = problem
        self.subset = subset
        self.workLimit = workLimit
        tree = SiblingTree(subset.map { ParameterNames.parts(problem.weights[$0].ownName) })
    }

    private typealias Children = SiblingTree.Children

    /// The mapping the data like best and those that differ from it under one parent; empty where no order fits, or the
    /// search ended at its limit.
    /// - Parameter score: how well the data bear out a slot with a weight.
    mutating func mappings(score: (_ slot: Int, _ weight: Int) -> Float) -> [PairingProblem.Mapping] {
        var children = tree.natural
        guard climb(&children) else { return [] }
        let slots = Array(problem.groups.joined())
        var found = [improve(&children, slots, score)]
        search: for parent in children.indices {
            for option in options(children, parent) {
                guard found.count < SiblingSearch.mappingLimit, !isExhausted else { break search }
                var other = children
                other[parent] = option
                if let candidate = mapping(other), !found.contains(candidate) { found.append(candidate) }
            }
        }
        guard !isExhausted else { return [] }
        return found.map {
            PairingProblem.Mapping(weight: Dictionary(uniqueKeysWithValues: zip(slots, $0)), trust: .guess)
        }
    }

    /// Changes sibling orders as long as the data like the mapping better for it. The weights of the slots at the end.
    private mutating func improve(
        _ children: inout Children, _ slots: [Int], _ score: (_ slot: Int, _ weight: Int) -> Float
    ) -> [Int] {
        func total(_ mapping: [Int]) -> Float { zip(slots, mapping).reduce(0) { $0 + score($1.0, $1.1) } }
        var best = mapping(children) ?? []
        var bestTotal = total(best)
        for _ in 0..<3 {
            var improved = false
            for parent in children.indices {
                for option in options(children, parent) {
                    guard !isExhausted else { return best }
                    var other = children
                    other[parent] = option
                    guard let candidate = mapping(other) else { continue }
                    let candidateTotal = total(candidate)
                    guard candidateTotal > bestTotal + 1e-4 else { continue }
                    (children, best, bestTotal) = (other, candidate, candidateTotal)
                    improved = true
                }
            }
            if !improved { break }
        }
        return best
    }

    /// Changes sibling orders until every shape fits. Whether it got there.
    private mutating func climb(_ children: inout Children) -> Bool {
        guard var misfits = misfits(children) else { return false }
        var looks = 0
        while misfits > 0 {
            let before = misfits
            for parent in children.indices where misfits > 0 {
                for option in options(children, parent) {
                    looks += 1
                    guard looks < SiblingSearch.lookLimit, !isExhausted else { return false }
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
    private mutating func climbTogether(_ children: inout Children, _ misfits: inout Int, _ looks: inout Int) -> Bool {
        for first in children.indices {
            for option in options(children, first) {
                var one = children
                one[first] = option
                for second in children.indices.dropFirst(first + 1) {
                    for choice in options(children, second) {
                        looks += 1
                        guard looks < SiblingSearch.lookLimit, !isExhausted else { return false }
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

    /// Other orders of a parent's children, made one at a time: of a thousand siblings there are a million.
    private mutating func options(_ children: Children, _ parent: Int) -> AnySequence<[Int]> {
        guard tree.isOpen(parent) else { return AnySequence([]) }
        let (tree, siblings) = (tree, children[parent])
        work += siblings.count
        if siblings.count <= SiblingSearch.permutationLimit {
            return AnySequence(
                PairingProblem.permutations(siblings).filter { $0 != siblings && tree.isOwnFirst($0, of: parent) })
        }
        let moves = siblings.indices.lazy.flatMap { from in siblings.indices.lazy.map { to in (from, to) } }
        return AnySequence(
            moves.filter { from, to in
                guard from != to else { return false }
                // What is passed over and what moves are of one kind, or own tensors would no longer come first.
                let passed = from < to ? siblings[from...to] : siblings[to...from]
                return tree.isOneKind(passed, of: parent)
            }.map { from, to in
                var moved = siblings
                moved.insert(moved.remove(at: from), at: to)
                return moved
            })
    }

    private func order(_ children: Children) -> [Int] { tree.order(children).map { subset[$0] } }

    /// Slots whose shape is not their weight's, under the grouping where they are fewest.
    private mutating func misfits(_ children: Children) -> Int? {
        let distributions = problem.distributions(order(children))
        work += (distributions.count + 1) * subset.count
        return distributions.map { lists, _ in
            zip(problem.groups, lists).reduce(0) { sum, pair in
                sum + zip(pair.0, pair.1).filter { !problem.fits($0, $1) }.count
            }
        }.min()
    }

    /// The weights of all slots, group after group, under the first grouping where every shape fits.
    private mutating func mapping(_ children: Children) -> [Int]? {
        let distributions = problem.distributions(order(children))
        work += (distributions.count + 1) * subset.count
        for (lists, _) in distributions where problem.isMapping(lists) { return Array(lists.joined()) }
        return nil
    }
}
