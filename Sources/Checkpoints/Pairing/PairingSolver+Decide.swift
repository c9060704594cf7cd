import FileSystem

extension PairingSolver {
    /// Chooses among the mappings of a problem, lets the data confirm or reject the choice shape by shape, and decides
    /// by data alone what no mapping covers.
    mutating func decide(_ problem: PairingProblem, _ mappings: [PairingProblem.Mapping]) throws(VarveError) {
        let best = mappings.map(\.trust).max()
        let top = mappings.filter { $0.trust == best }
        let chosen = try choose(top)
        // Where no order fits the whole, a shape by itself may go by file order only if nothing contradicts that order.
        let isMonotone = mappings.isEmpty && problem.isMonotone
        let byShape = Dictionary(grouping: problem.open) { weights[$0].shape }
        for group in shapes(problem) {
            let candidates = (byShape[group.shape] ?? []).filter { !taken.contains($0) }
            for part in parts(group.slots, candidates, chosen.first?.weight) {
                let restricted = chosen.map { mapping in
                    part.slots.reduce(into: [:]) { $0[$1] = mapping.weight[$1] }
                }
                try decide(part.slots, part.candidates, restricted, best ?? .guess, isMonotone)
            }
        }
        // Slots that never had a state: only the mapping tells.
        if chosen.count == 1, best != .guess {
            for (slot, weight) in chosen[0].weight
            where results[slot].weight == nil && !taken.contains(weight) && !slots[slot].slot.hasState {
                assign(slot, weight, .none)
            }
        }
    }

    /// Slots of one shape with the weights that come into question, in parts where a table does not hold them all: then each
    /// slot has only the weights that the best mapping gives to its part.
    private func parts(
        _ slots: [Int], _ candidates: [Int], _ mapping: [Int: Int]?
    ) -> [(slots: [Int], candidates: [Int])] {
        guard slots.count * candidates.count > UpdateCorrelation.tableLimit, let mapping else {
            return [(slots, candidates)]
        }
        let open = Set(candidates)
        return PairingSolver.parts(slots).map { part in
            (part, part.compactMap { mapping[$0] }.filter { open.contains($0) }.sorted())
        }
    }

    /// Open slots with a state by the shape it tells; those that tell none are left to the mapping alone.
    private func shapes(_ problem: PairingProblem) -> [(shape: [Int], slots: [Int])] {
        let members = problem.groups.joined().filter { slots[$0].slot.hasState && slots[$0].slot.shape != nil }
        return Dictionary(grouping: members) { slots[$0].slot.shape ?? [] }
            .map { ($0.key, $0.value.sorted()) }.sorted { ($0.slots.first ?? 0) < ($1.slots.first ?? 0) }
    }

    /// Scores whole mappings on the slots where they differ; those left that the data tell from the best no better
    /// than chance would.
    private mutating func choose(_ mappings: [PairingProblem.Mapping]) throws(VarveError) -> [PairingProblem.Mapping] {
        guard mappings.count > 1, evidence != nil else { return mappings }
        let differing = mappings[0].weight.keys.filter { slot in
            mappings.contains { $0.weight[slot] != mappings[0].weight[slot] }
        }
        // Correlation and number of values, by mapping and slot.
        var scores = [[Int: (Float, Int)]](repeating: [:], count: mappings.count)
        for (_, members) in Dictionary(grouping: differing, by: { weights[mappings[0].weight[$0] ?? 0].shape }) {
            let slotIndices = members.sorted()
            let weightIndices = Set(mappings.flatMap { mapping in members.compactMap { mapping.weight[$0] } }).sorted()
            guard let table = try table(slotIndices, weightIndices) else { continue }
            let columns = Dictionary(uniqueKeysWithValues: weightIndices.enumerated().map { ($0.element, $0.offset) })
            for (row, slot) in slotIndices.enumerated() where table.hasDirection[row] {
                for (index, mapping) in mappings.enumerated() {
                    guard let column = mapping.weight[slot].flatMap({ columns[$0] }) else { continue }
                    scores[index][slot] = (table[row, column], table.count)
                }
            }
        }
        let totals = scores.map { $0.values.reduce(Float(0)) { $0 + $1.0 } }
        guard let best = totals.indices.max(by: { totals[$0] < totals[$1] }) else { return mappings }
        return mappings.indices.filter { index in
            index == best || isClose(mappings[index], mappings[best], scores[index], scores[best])
        }.sorted { totals[$0] > totals[$1] }.map { mappings[$0] }
    }

    private func isClose(
        _ other: PairingProblem.Mapping, _ best: PairingProblem.Mapping, _ otherScores: [Int: (Float, Int)],
        _ bestScores: [Int: (Float, Int)]
    ) -> Bool {
        let slots = best.weight.keys.filter { other.weight[$0] != best.weight[$0] && bestScores[$0] != nil }
        guard !slots.isEmpty else { return true }
        let lead =
            slots.reduce(Float(0)) { $0 + (bestScores[$1]?.0 ?? 0) - (otherScores[$1]?.0 ?? 0) } / Float(slots.count)
        let values = slots.reduce(0) { $0 + (bestScores[$1]?.1 ?? 0) }
        return lead < max(0.05, 2 * (2 / Float(max(values, 1))).squareRoot())
    }

    /// Decides the slots of one shape.
    private mutating func decide(
        _ members: [Int], _ candidates: [Int], _ mappings: [[Int: Int]], _ trust: PairingProblem.Trust,
        _ isMonotone: Bool
    ) throws(VarveError) {
        guard !candidates.isEmpty else { return }
        if members.count == 1, candidates.count == 1 { return assign(members[0], candidates[0], .order) }
        var alternatives: [[Int: Int]] = []
        for mapping in mappings where mapping.count == members.count && !alternatives.contains(mapping) {
            if mapping.values.allSatisfy({ !taken.contains($0) }) { alternatives.append(mapping) }
        }
        var trust = trust
        if alternatives.isEmpty {
            (alternatives, trust) = local(members, candidates, isMonotone)
        }
        guard let table = try table(members, candidates), table.hasDirection.contains(true),
            table.hasChange.contains(true)
        else {
            if trust != .guess { acceptCommon(alternatives, members, nil, candidates) }
            return
        }
        if trust == .guess {
            acceptGuess(alternatives, members, table, candidates)
        } else if let first = alternatives.first, alternatives.count == 1 {
            if !contradicts(table, columns(alternatives, members, candidates)) {
                return accept(first, members, table, candidates)
            }
        } else {
            acceptCommon(alternatives, members, table, candidates)
        }
        try decideByData(members, candidates)
    }

    /// The mapping of one shape alone, where no mapping of the whole fits: file order within a single group.
    private func local(_ members: [Int], _ candidates: [Int], _ isMonotone: Bool) -> (
        [[Int: Int]], PairingProblem.Trust
    ) {
        guard members.count == candidates.count else { return ([], .guess) }
        let isOneGroup = Set(members.map { slots[$0].group }).count == 1
        let order = ParameterOrder.candidates(candidates, weights).first
        guard let order else { return ([], .guess) }
        let mapping = Dictionary(uniqueKeysWithValues: zip(members, order.weights))
        return ([mapping], isOneGroup && isMonotone && order.isDocumented ? .documented : .guess)
    }

    mutating func accept(
        _ mapping: [Int: Int], _ members: [Int], _ table: UpdateCorrelation.Table?, _ candidates: [Int]
    ) {
        let columns = columns([mapping], members, candidates)
        for (row, slot) in members.enumerated() where columns[row] >= 0 {
            let column = columns[row]
            let weight = candidates[column]
            if let table, table.hasDirection[row], table.hasChange[column], table[row, column] > 0.1 {
                assign(slot, weight, .data(correlation: Double(table[row, column])))
            } else {
                assign(slot, weight, .order)
            }
        }
    }

    /// Accepts what all alternatives agree on.
    private mutating func acceptCommon(
        _ alternatives: [[Int: Int]], _ members: [Int], _ table: UpdateCorrelation.Table?, _ candidates: [Int]
    ) {
        guard let first = alternatives.first else { return }
        let common = first.filter { pair in alternatives.allSatisfy { $0[pair.key] == pair.value } }
        accept(common, members, table, candidates)
    }

    /// Takes pairs that stand out in row and column, the clearest first; each one taken makes the rest clearer.
    private mutating func decideByData(_ members: [Int], _ candidates: [Int]) throws(VarveError) {
        let openSlots = members.filter { results[$0].weight == nil }
        let openWeights = candidates.filter { !taken.contains($0) }
        guard let table = try table(openSlots, openWeights) else { return }
        let margin = max(0.15, 3 * table.noise)
        var pairs = ClearPairs(table)
        while let (row, column) = pairs.next(margin: margin) {
            assign(openSlots[row], openWeights[column], .data(correlation: Double(table[row, column])))
        }
        if pairs.work > ClearPairs.workLimit { isExhausted = true }
        // The last one by elimination, where nothing speaks against it.
        if members.count == candidates.count, pairs.rows.count == 1, pairs.columns.count == 1, members.count > 1,
            let row = pairs.rows.first, let column = pairs.columns.first,
            table[row, column] > -margin
        {
            assign(openSlots[row], openWeights[column], .data(correlation: Double(table[row, column])))
        }
    }
}
