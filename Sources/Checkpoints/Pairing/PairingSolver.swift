import FileSystem

/// Ties optimizer slots to weights: by name, by what is known from before, by order and grouping, proved by the data.
struct PairingSolver {
    let weights: [Weight]
    let slots: [PairingSlot]
    let evidence: UpdateCorrelation?
    var results: [PairingResult]
    var warnings: [String] = []
    /// Weights that have their slot.
    var taken: Set<Int> = []
    /// Weights that changed since the step before, as far as was looked.
    var changed: Set<Int>?
    private var tables: [TableKey: UpdateCorrelation.Table] = [:]
    /// How often the steps so far were searched for an order of siblings, this one included.
    var searches: Int
    /// Whether the work that is worth doing ended before everything was looked at: what is left stays open.
    var isExhausted = false

    /// The most steps of one structure that are searched: what they do not tell, another one hardly will. One more than that
    /// says that a search was given up.
    static let searchLimit = 3

    /// - Parameter searches: how many earlier steps of the same structure were searched.
    init(weights: [Weight], optimizers: [OptimizerState], evidence: UpdateCorrelation?, searches: Int = 0) {
        self.weights = weights
        self.searches = searches
        slots = PairingSlot.all(optimizers)
        self.evidence = evidence
        results = slots.map { PairingResult(weight: nil, pairing: $0.slot.hasState ? .ambiguous : .none) }
    }

    /// Solves everything. `known` are pairs from another step, `isSameStructure` whether that step had the same slots
    /// and weights.
    mutating func solve(known: [String: String], isSameStructure: Bool) throws(VarveError) {
        takeNames()
        let isComplete = open.allSatisfy { !slots[$0].slot.hasState || known[slots[$0].slot.statePath] != nil }
        if isSameStructure, isComplete {
            try takeKnown(known)
            try takeOrders()
        } else if isSameStructure, !known.isEmpty {
            // What is left is told by the whole, not by itself: a few tensors of one shape fit any order.
            var fresh = self
            try fresh.takeOrders()
            (searches, isExhausted) = (fresh.searches, fresh.isExhausted)
            try takeKnown(known)
            for slot in open {
                if let weight = fresh.results[slot].weight, !taken.contains(weight) {
                    assign(slot, weight, fresh.results[slot].pairing)
                }
            }
        } else {
            try takeOrders()
            try takeKnown(known, needsProof: !isSameStructure)
        }
    }

    /// Slots without a weight.
    var open: [Int] { slots.indices.filter { results[$0].weight == nil } }

    /// Weights an optimizer could handle and none does yet: the first of each shared storage, no buffers.
    var free: [Int] {
        weights.indices.filter { !weights[$0].isBuffer && weights[$0].original == $0 && !taken.contains($0) }
    }

    mutating func assign(_ slot: Int, _ weight: Int, _ pairing: Pairing) {
        results[slot] = PairingResult(weight: weight, pairing: slots[slot].slot.hasState ? pairing : .none)
        taken.insert(weight)
    }

    /// What the optimizer itself names.
    private mutating func takeNames() {
        guard slots.contains(where: { $0.slot.givenName != nil }) else { return }
        let matcher = ParameterNames.Matcher(weights)
        for index in slots.indices {
            guard let name = slots[index].slot.givenName,
                let found = matcher.find(name, shape: slots[index].slot.shape, in: weights)
            else { continue }
            let weight = weights[found].original
            if !taken.contains(weight) { assign(index, weight, .named) }
        }
    }

    /// Pairs of another step, where shapes agree and the data do not speak against them.
    /// - Parameter needsProof: only pairs the data bear out: under another structure a number may have become
    ///   another parameter's.
    private mutating func takeKnown(_ known: [String: String], needsProof: Bool = false) throws(VarveError) {
        guard !known.isEmpty, evidence != nil || !needsProof else { return }
        var byName: [String: Int] = [:]
        for index in weights.indices.reversed() { byName[weights[index].name] = index }
        var pairs: [Int: Int] = [:]
        var used = taken
        for index in open {
            guard let name = known[slots[index].slot.statePath], let weight = byName[name], !used.contains(weight),
                slots[index].slot.shape.map({ $0 == weights[weight].shape }) ?? !slots[index].slot.isForeign
            else { continue }
            used.insert(weight)
            pairs[index] = weight
        }
        for members in classes(pairs) where evidence != nil && members.slots.count > 1 {
            guard let table = try table(members.slots, members.weights) else { continue }
            let best = Assignment.best(table)
            let mine = columns([pairs], members.slots, members.weights)
            let against = Assignment.difference(table, best, mine)
            guard against.value > max(0.3, 4 * against.noise) + table.selection else { continue }
            for row in against.rows { pairs[members.slots[row]] = nil }
            let paths = against.rows.map { slots[members.slots[$0]].slot.statePath }
            warnings.append("the data contradict what an earlier step told about \(paths.joined(separator: ", "))")
        }
        if needsProof { pairs = try proved(pairs) }
        for (slot, weight) in pairs { assign(slot, weight, .inherited) }
    }

    /// The pairs whose weights moved as their states say.
    private mutating func proved(_ pairs: [Int: Int]) throws(VarveError) -> [Int: Int] {
        var result: [Int: Int] = [:]
        for members in classes(pairs) {
            guard let table = try table(members.slots, members.weights) else { continue }
            let columns = columns([pairs], members.slots, members.weights)
            for (row, slot) in members.slots.enumerated() {
                guard let weight = pairs[slot], columns[row] >= 0 else { continue }
                let column = columns[row]
                if table.hasDirection[row], table[row, column] > max(0.15, 2 * table.noise) { result[slot] = weight }
            }
        }
        return result
    }

    /// Slots and weights of a mapping by shape, slots and weights ascending; of more than a table holds, in parts.
    func classes(_ mapping: [Int: Int]) -> [(slots: [Int], weights: [Int])] {
        let byShape = Dictionary(grouping: mapping.keys) { weights[mapping[$0] ?? 0].shape }
        return byShape.values.flatMap { members in
            PairingSolver.parts(members.sorted()).map { slots in (slots, slots.compactMap { mapping[$0] }.sorted()) }
        }.sorted { ($0.slots.first ?? 0) < ($1.slots.first ?? 0) }
    }

    /// Slots of one shape in parts of which each has a table with its weights.
    static func parts(_ slots: [Int]) -> [[Int]] {
        guard slots.count * slots.count > UpdateCorrelation.tableLimit else { return [slots] }
        return stride(from: 0, to: slots.count, by: partLength).map {
            Array(slots[$0..<min($0 + partLength, slots.count)])
        }
    }

    /// Slots of a part: a state that is out of its place by less is seen to be.
    private static let partLength = 1024

    /// The correlations of some slots and weights, read once; `nil` where there are no data, or too many of them.
    mutating func table(_ slotIndices: [Int], _ weightIndices: [Int]) throws(VarveError) -> UpdateCorrelation.Table? {
        guard let evidence, slotIndices.count * weightIndices.count <= UpdateCorrelation.tableLimit else { return nil }
        let key = TableKey(slots: slotIndices, weights: weightIndices)
        if let table = tables[key] { return table }
        let table = try evidence.table(slotIndices, slots, weightIndices, weights)
        tables[key] = table
        return table
    }

    private struct TableKey: Hashable {
        var slots: [Int]
        var weights: [Int]
    }
}

/// An optimizer slot in the flat numbering of a step: all optimizers, all groups.
struct PairingSlot {
    var slot: OptimizerSlot
    var hyperparameters: Hyperparameters
    var weightDecay: Double?
    /// Index of the optimizer and of the group among all groups of the step.
    var optimizer: Int
    var group: Int

    static func all(_ optimizers: [OptimizerState]) -> [PairingSlot] {
        var slots: [PairingSlot] = []
        var group = 0
        for (index, optimizer) in optimizers.enumerated() {
            for members in optimizer.groups {
                slots += members.slots.map {
                    PairingSlot(
                        slot: $0, hyperparameters: members.hyperparameters, weightDecay: members.weightDecay,
                        optimizer: index, group: group)
                }
                group += 1
            }
        }
        return slots
    }
}

/// What the solver found for one slot.
struct PairingResult {
    /// Index of the weight; `nil` where it stays open.
    var weight: Int?
    var pairing: Pairing
}
