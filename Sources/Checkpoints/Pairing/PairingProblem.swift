/// Some optimizer slots and the weights they may belong to, without names to go by.
struct PairingProblem {
    var weights: [Weight]
    var slots: [PairingSlot]
    /// Indices of the open slots by group, in the optimizer's order.
    var groups: [[Int]]
    /// Indices of the weights that come into question, in file order.
    var open: [Int]
    private(set) var marks: NoDecayMarks

    /// How much speaks for a mapping before the data are asked.
    enum Trust: Int, Comparable {
        /// Shapes allow it.
        case guess
        /// Unusual, but it would be the only one under which every shape fits.
        case plausible
        /// The order of the file or of a known model, and a grouping that frameworks or widely used scripts make.
        case documented

        static func < (a: Trust, b: Trust) -> Bool { a.rawValue < b.rawValue }
    }

    /// A way to give every slot a weight.
    struct Mapping: Hashable {
        /// Weight by slot.
        var weight: [Int: Int]
        var trust: Trust
    }

    init(weights: [Weight], slots: [PairingSlot], open slotIndices: [Int], over open: [Int]) {
        self.weights = weights
        self.slots = slots
        self.open = open
        marks = NoDecayMarks(weights, among: open)
        let byGroup = Dictionary(grouping: slotIndices) { slots[$0].group }
        groups = byGroup.keys.sorted().map { byGroup[$0] ?? [] }
    }

    var slotCount: Int { groups.reduce(0) { $0 + $1.count } }

    /// Whether a slot's state can belong to a weight.
    func fits(_ slot: Int, _ weight: Int) -> Bool {
        guard let shape = slots[slot].slot.shape else { return !slots[slot].slot.isForeign }
        return shape == weights[weight].shape
    }

    /// Every mapping that an order and a rule of grouping give and all shapes agree with, without repetition.
    func mappings(among subsets: [WeightSubset]) -> [Mapping] {
        var seen: [[Int: Int]: Int] = [:]
        var mappings: [Mapping] = []
        for subset in subsets where subset.weights.count == slotCount {
            for order in ParameterOrder.candidates(subset.weights, weights) {
                for (lists, trust) in distributions(order.weights) {
                    guard let mapping = mapping(lists) else { continue }
                    let lowest = min(trust, order.isDocumented && subset.isDocumented ? .documented : .guess)
                    if let at = seen[mapping] {
                        mappings[at].trust = max(mappings[at].trust, lowest)
                        continue
                    }
                    seen[mapping] = mappings.count
                    mappings.append(Mapping(weight: mapping, trust: lowest))
                }
            }
        }
        return mappings
    }

    /// The mapping that gives each group its list of weights, where every shape fits.
    func mapping(_ lists: [[Int]]) -> [Int: Int]? {
        guard isMapping(lists) else { return nil }
        return Dictionary(uniqueKeysWithValues: zip(groups.joined(), lists.joined()))
    }

    /// Whether every shape fits where each group is given its list of weights.
    func isMapping(_ lists: [[Int]]) -> Bool {
        zip(groups, lists).allSatisfy { group, list in
            group.count == list.count
                && zip(group, list).allSatisfy { fits($0, $1) || !slots[$0].slot.hasState }
        }
    }

    /// Whether every group's shapes occur in this order in the order of the files: no group contradicts it.
    var isMonotone: Bool {
        guard let order = ParameterOrder.candidates(open, weights).first, order.isDocumented else { return false }
        return groups.allSatisfy { group in
            var position = 0
            for slot in group {
                while position < order.weights.count, !fits(slot, order.weights[position]) { position += 1 }
                guard position < order.weights.count else { return false }
                position += 1
            }
            return true
        }
    }
}
