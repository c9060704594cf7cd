import FileSystem

extension PairingSolver {
    /// Ties the slots without names by order, grouping and data.
    mutating func takeOrders() throws(VarveError) {
        var hasSearched = false
        for part in parts() {
            var problem = PairingProblem(weights: weights, slots: slots, open: part.slots, over: part.weights)
            let trained = try changedWeights(problem)
            let subsets = problem.subsets(changed: trained)
            var mappings = problem.mappings(among: subsets)
            if mappings.allSatisfy({ $0.trust == .guess }) {
                let found = try searched(problem, subsets)
                hasSearched = hasSearched || found != nil
                mappings += found ?? []
            }
            problem.open = part.weights
            try decide(problem, mappings)
        }
        if hasSearched { searches = isExhausted ? PairingSolver.searchLimit + 1 : searches + 1 }
    }

    /// Splits the open slots by the state dicts they fit: an optimizer whose shapes are those of one state dict
    /// belongs to it; the rest are solved together over what is left.
    private func parts() -> [(slots: [Int], weights: [Int])] {
        let open = open
        let free = free
        guard !open.isEmpty, !free.isEmpty else { return [] }
        let dictionaries = Dictionary(grouping: free) { weights[$0].dictionary }
        let optimizers = Dictionary(grouping: open) { slots[$0].optimizer }
        guard dictionaries.count > 1 else { return [(open, free)] }

        // A copy that follows the trained weights (EMA) has no optimizer of its own: it comes last.
        let first = dictionaries.keys.min { rank($0) < rank($1) } ?? 0
        let names = Set((dictionaries[first] ?? []).map { weights[$0].ownName })
        func isCopy(_ dictionary: Int) -> Bool {
            guard dictionary != first, let members = dictionaries[dictionary] else { return false }
            return members.count == names.count && members.allSatisfy { names.contains(weights[$0].ownName) }
                && optimizers.count < dictionaries.count
        }
        let order = dictionaries.keys.filter { !isCopy($0) }.sorted()
        var left = Set(order)
        var parts: [(slots: [Int], weights: [Int])] = []
        var rest: [Int] = []
        for optimizer in optimizers.keys.sorted() {
            let members = optimizers[optimizer] ?? []
            let fitting = order.filter { left.contains($0) && fitsWhole(members, dictionaries[$0] ?? []) }
            guard let choice = closest(members, fitting) else {
                rest += members
                continue
            }
            left.remove(choice)
            parts.append((members, dictionaries[choice] ?? []))
        }
        if !rest.isEmpty {
            let remaining = order.filter { left.contains($0) }.flatMap { dictionaries[$0] ?? [] }
            parts.append((rest.sorted(), remaining.isEmpty ? free : remaining))
        }
        return parts
    }

    /// Shadow copies last, then file order.
    private func rank(_ dictionary: Int) -> Int {
        guard let name = weights.first(where: { $0.dictionary == dictionary })?.name else { return Int.max }
        let own = weights.first { $0.dictionary == dictionary }?.ownName ?? name
        let prefix = String(name.dropLast(own.count))
        return dictionary + (WeightNames.isShadow([prefix]) ? 1 << 20 : 0)
    }

    /// Whether the shapes of the slots are, all in all, those of the weights.
    private func fitsWhole(_ members: [Int], _ candidates: [Int]) -> Bool {
        guard members.count == candidates.count else { return false }
        var counts: [[Int]: Int] = [:]
        for weight in candidates { counts[weights[weight].shape, default: 0] += 1 }
        for slot in members {
            guard let shape = slots[slot].slot.shape else { continue }
            counts[shape, default: 0] -= 1
            if counts[shape, default: 0] < 0 { return false }
        }
        return true
    }

    /// Of several state dicts the one whose path is most like the optimizer's (`optimizer_D`, `netD`), else the first.
    private func closest(_ members: [Int], _ dictionaries: [Int]) -> Int? {
        guard dictionaries.count > 1, let path = members.first.map({ slots[$0].slot.statePath }) else {
            return dictionaries.first
        }
        let words = Set(SplitWords.of(path.components(upTo: ".state.")))
        return dictionaries.max { likeness($0, words) < likeness($1, words) }
    }

    private func likeness(_ dictionary: Int, _ words: Set<String>) -> Int {
        guard let weight = weights.first(where: { $0.dictionary == dictionary }) else { return 0 }
        let prefix = String(weight.name.dropLast(weight.ownName.count))
        // Ties go to the first: later ones count a little less.
        return words.intersection(SplitWords.of(prefix)).count * 1000 - dictionary
    }

    /// Weights that moved since the step before, where more weights than slots are there; `nil` without data.
    private mutating func changedWeights(_ problem: PairingProblem) throws(VarveError) -> Set<Int>? {
        guard evidence != nil, problem.open.count > problem.slotCount else { return nil }
        var moved: Set<Int> = []
        for (_, members) in Dictionary(grouping: problem.open, by: { weights[$0].shape }).sorted(by: {
            $0.value[0] < $1.value[0]
        }) {
            guard let table = try table([], members) else { return nil }
            for (column, weight) in members.enumerated() where !table.isUnchanged[column] { moved.insert(weight) }
        }
        return moved
    }

    /// Mappings under unknown orders of siblings, where files keep none: only with data to choose among them. `nil` where
    /// there is nothing to search, or earlier steps were searched often enough.
    private mutating func searched(_ problem: PairingProblem, _ subsets: [WeightSubset]) throws(VarveError)
        -> [PairingProblem.Mapping]?
    {
        guard evidence != nil, searches < PairingSolver.searchLimit,
            problem.open.contains(where: { !weights[$0].isOrdered }),
            let subset = subsets.first(where: { $0.weights.count == problem.slotCount })
        else { return nil }
        // Where each slot and weight of a shape stands in the shape's table.
        var tables: [UpdateCorrelation.Table] = []
        var rowOf: [Int: (table: Int, row: Int)] = [:], columnOf: [Int: Int] = [:]
        let states = problem.groups.joined().filter { slots[$0].slot.shape != nil }
        for (shape, members) in Dictionary(grouping: states, by: { slots[$0].slot.shape ?? [] }) where members.count > 1
        {
            let rows = members.sorted()
            let columns = subset.weights.filter { weights[$0].shape == shape }
            guard !columns.isEmpty, let table = try table(rows, columns) else { continue }
            for (row, slot) in rows.enumerated() { rowOf[slot] = (tables.count, row) }
            for (column, weight) in columns.enumerated() { columnOf[weight] = column }
            tables.append(table)
        }
        var search = SiblingSearch(problem: problem, subset: subset.weights)
        let found = search.mappings { slot, weight in
            guard let (table, row) = rowOf[slot], let column = columnOf[weight],
                tables[table].weights[column] == weight
            else { return 0 }
            return tables[table][row, column]
        }
        if search.isExhausted { isExhausted = true }
        return found
    }
}

/// Words of a path, `netD` split into `net` and `d`.
enum SplitWords {
    static func of(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            if !character.isLetter && !character.isNumber || character.isUppercase && word.last?.isLowercase == true {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if character.isLetter || character.isNumber { word.append(character) }
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }
}

extension String {
    /// What stands before the first occurrence of `marker`; empty where it is missing.
    func components(upTo marker: String) -> String {
        var rest = Substring(self)
        while !rest.isEmpty {
            if rest.hasPrefix(marker) { return String(self[..<rest.startIndex]) }
            rest.removeFirst()
        }
        return ""
    }
}
