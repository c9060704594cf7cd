/// What the data make of an order: whether they contradict a documented one, and what they bear out of a guess.
extension PairingSolver {
    /// Whether the data clearly prefer another assignment to the one an order gives: by more than the best of many
    /// gains by chance, or by much where the other one's correlations are none that chance would bring about.
    func contradicts(_ table: UpdateCorrelation.Table, _ columns: [Int]) -> Bool {
        let best = Assignment.best(table)
        let against = Assignment.difference(table, best, columns)
        if against.value > max(0.15, 3 * against.noise) + table.selection { return true }
        guard against.value > 0.35 else { return false }
        return mean(table, best, against.rows) > table.selection + 3 * against.noise
    }

    /// Accepts of a guess what the data by themselves say as well: order and data are two witnesses. Where they
    /// differ, the order is believed only if that hardly costs any correlation.
    ///
    /// A single misplaced tensor shifts all others of its shape, and some of those may still correlate; so the mean
    /// over all rows says little about each.
    mutating func acceptGuess(
        _ alternatives: [[Int: Int]], _ members: [Int], _ table: UpdateCorrelation.Table, _ candidates: [Int]
    ) {
        let mine = columns(alternatives, members, candidates)
        guard confirms(table, mine) else { return }
        let best = Assignment.best(table)
        let directed = mine.indices.filter { table.hasDirection[$0] && mine[$0] >= 0 }
        let agreeing = directed.filter { mine[$0] == best[$0] }
        guard agreeing.count * 2 >= directed.count else { return }
        let against = Assignment.difference(table, best, mine)
        let isCheap = against.rows.isEmpty || against.value <= 0.25 * mean(table, mine, agreeing)
        var pairs: [Int: Int] = [:]
        for row in mine.indices where mine[row] >= 0 {
            let isBorneOut = mine[row] == best[row] && table.hasDirection[row] && table[row, mine[row]] > table.noise
            if isCheap || isBorneOut { pairs[members[row]] = candidates[mine[row]] }
        }
        accept(pairs, members, table, candidates)
    }

    /// The columns on which all alternatives agree, by row; -1 where they do not.
    func columns(_ alternatives: [[Int: Int]], _ members: [Int], _ candidates: [Int]) -> [Int] {
        guard let first = alternatives.first else { return members.map { _ in -1 } }
        let positions = Dictionary(uniqueKeysWithValues: candidates.enumerated().map { ($1, $0) })
        return members.map { slot in
            guard let weight = first[slot], alternatives.allSatisfy({ $0[slot] == weight }) else { return -1 }
            return positions[weight] ?? -1
        }
    }

    /// Whether the rows of a guess are borne out on average.
    private func confirms(_ table: UpdateCorrelation.Table, _ columns: [Int]) -> Bool {
        let rows = columns.indices.filter { columns[$0] >= 0 && table.hasDirection[$0] }
        guard !rows.isEmpty, rows.count * 2 >= columns.count else { return false }
        return mean(table, columns, rows) > max(0.15, 3 * table.noise / Float(rows.count).squareRoot())
    }

    private func mean(_ table: UpdateCorrelation.Table, _ columns: [Int], _ rows: [Int]) -> Float {
        let sum = rows.reduce(Float(0)) { columns[$1] >= 0 ? $0 + table[$1, columns[$1]] : $0 }
        return sum / Float(max(rows.count, 1))
    }
}
