import Varve

/// Sums of each row in each column of steps.
struct PageCells {
    struct Cell {
        var stored: UInt64 = 0
        var original: UInt64 = 0
        var elements: UInt64 = 0
        var pruned: UInt64 = 0
        /// Of what was quantized in steps that build on another.
        var error = 0.0
        var energy = 0.0
    }

    private let columns: Int
    private let steps: [UInt64]
    private var cells: [Cell]

    /// Cells that a page has room for: two megabytes.
    static let most = 90_000

    init(_ groups: [StepGroup], _ rows: PageRows) {
        columns = groups.count
        steps = groups.map { UInt64($0.steps.count) }
        cells = Array(repeating: Cell(), count: groups.count * rows.rows.count)
        for (column, group) in groups.enumerated() {
            for step in group.steps {
                for tensor in step.tensors {
                    cells[rows.row(of: tensor) * columns + column].add(tensor, isKeyframe: step.isKeyframe)
                }
            }
        }
    }

    func write(to json: inout PageJSON) {
        json.object { json in
            json.key("stored")
            json.write(cells.lazy.map(\.stored))
            json.key("unchanged")
            json.write(
                cells.lazy.map {
                    $0.elements == 0 ? 0 : Int((Double($0.pruned) / Double($0.elements) * 1000).rounded())
                })
            json.key("error")
            json.write(cells.lazy.map { Optional($0.error) }, digits: 3)
            json.key("energy")
            json.write(cells.lazy.map { Optional($0.energy) }, digits: 3)
            json.key("elements")
            write(\.elements, to: &json)
            json.key("original")
            write(\.original, to: &json)
        }
    }

    /// A number for each row that is the same in every step, else one for each column.
    private func write(_ field: KeyPath<Cell, UInt64>, to json: inout PageJSON) {
        json.array { json in
            for start in stride(from: 0, to: cells.count, by: max(1, columns)) {
                let row = cells[start..<start + columns]
                let each = (row.first?[keyPath: field] ?? 0) / max(1, steps.first ?? 1)
                if zip(row, steps).allSatisfy({
                    $0[keyPath: field] == each.multipliedReportingOverflow(by: $1).partialValue
                }) {
                    json.write(each)
                } else {
                    json.write(row.lazy.map { $0[keyPath: field] })
                }
            }
        }
    }
}

extension PageCells.Cell {
    fileprivate mutating func add(_ tensor: Report.Tensor, isKeyframe: Bool) {
        let figures = tensor.figures
        stored &+= figures.storedBytes
        original &+= figures.originalBytes
        elements &+= figures.elementCount
        pruned &+= figures.prunedCount
        guard !isKeyframe, !tensor.isExact, figures.referenceEnergy.isFinite else { return }
        error += figures.squaredError
        energy += figures.referenceEnergy
    }
}
