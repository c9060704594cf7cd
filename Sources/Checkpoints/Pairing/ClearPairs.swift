/// Takes from a table the pairs that stand out in their row and in their column, the clearest first; each one taken makes
/// the rest clearer.
///
/// Every row and column knows the two largest of its values, so that few have to be looked at again when a pair goes.
struct ClearPairs {
    /// The largest and the second largest value of a row or column, among what is left.
    private struct Lead {
        var position = -1
        var value = -Float.infinity
        var secondPosition = -1
        var second: Float = 0
    }

    /// The most values that are looked at: some seconds for the largest tables. Counted and not timed, so that every
    /// machine decides alike.
    static let workLimit = 1 << 29

    private let table: UpdateCorrelation.Table
    /// What is left, ascending.
    private(set) var rows: [Int]
    private(set) var columns: [Int]
    /// Values looked at so far.
    private(set) var work = 0
    private var rowLeads: [Lead] = []
    private var columnLeads: [Lead] = []

    init(_ table: UpdateCorrelation.Table) {
        self.table = table
        rows = Array(table.slots.indices)
        columns = Array(table.weights.indices)
        rowLeads = rows.map { lead(ofRow: $0) }
        columnLeads = columns.map { lead(ofColumn: $0) }
    }

    /// The clearest pair of what is left; `nil` where none is clear, or too much had to be looked at.
    /// - Parameter margin: by how much it must exceed all others of its row and column, if it does not stand out otherwise.
    mutating func next(margin: Float) -> (row: Int, column: Int)? {
        guard work <= ClearPairs.workLimit else { return nil }
        var found: (row: Int, column: Int, lead: Float)?
        for row in rows where table.hasDirection[row] {
            let own = rowLeads[row]
            guard own.position >= 0 else { continue }
            let beside = columnLeads[own.position]
            let rival = max(own.second, beside.position == row ? beside.second : beside.value, 0)
            let lead = own.value - rival
            guard lead > margin || table.isApart(own.value, rival) else { continue }
            if lead > found?.lead ?? 0 { found = (row, own.position, lead) }
        }
        guard let found else { return nil }
        remove(found.row, found.column)
        return (found.row, found.column)
    }

    private mutating func remove(_ row: Int, _ column: Int) {
        rows.removeAll { $0 == row }
        columns.removeAll { $0 == column }
        for other in rows where rowLeads[other].position == column || rowLeads[other].secondPosition == column {
            rowLeads[other] = lead(ofRow: other)
        }
        for other in columns where columnLeads[other].position == row || columnLeads[other].secondPosition == row {
            columnLeads[other] = lead(ofColumn: other)
        }
    }

    private mutating func lead(ofRow row: Int) -> Lead {
        work += columns.count
        return lead(columns) { table[row, $0] }
    }

    private mutating func lead(ofColumn column: Int) -> Lead {
        work += rows.count
        return lead(rows) { table[$0, column] }
    }

    /// - Parameter value: of a position in the row or column.
    private func lead(_ positions: [Int], _ value: (Int) -> Float) -> Lead {
        var lead = Lead()
        for position in positions {
            let value = value(position)
            if value > lead.value {
                if lead.position >= 0 { (lead.secondPosition, lead.second) = (lead.position, lead.value) }
                (lead.position, lead.value) = (position, value)
            } else if lead.secondPosition < 0 || value > lead.second {
                (lead.secondPosition, lead.second) = (position, value)
            }
        }
        return lead
    }
}
