import Varve

/// Steps that share a column of a chart: one, or several that follow each other where there are many.
struct StepGroup {
    var steps: [Report.Step]

    /// Columns that a page has room for.
    static let most = 240

    static func all(_ report: Report) -> [StepGroup] {
        let size = max(1, (report.steps.count + most - 1) / most)
        return stride(from: 0, to: report.steps.count, by: size).map {
            StepGroup(steps: Array(report.steps[$0..<min($0 + size, report.steps.count)]))
        }
    }

    var first: Int { steps.first?.number ?? 0 }
    var last: Int { steps.last?.number ?? 0 }
    var keyframes: Int { steps.count(where: \.isKeyframe) }

    /// `400`, `400 to 800`.
    var title: String { steps.count == 1 ? "\(first)" : "\(first) to \(last)" }

    /// Everything on disk for the steps.
    var total: Report.Figures { steps.reduce(into: .init()) { $0.add($1.total) } }

    func sum(_ category: Report.Category) -> Report.Figures {
        steps.reduce(into: .init()) { if let figures = $1.roles[category] { $0.add(figures) } }
    }

    /// Relative error of a role in steps that build on another; `nil` where nothing can have been lost.
    func error(_ role: TensorRole) -> Double? {
        let lossy = steps.filter { !$0.isKeyframe }.flatMap(\.tensors).filter {
            $0.role == role && !$0.isExact && $0.figures.referenceEnergy.isFinite
        }
        guard !lossy.isEmpty else { return nil }
        return lossy.reduce(into: Report.Figures()) { $0.add($1.figures) }.relativeSquaredError
    }

    /// The least share that a step keeps.
    func kept(_ share: KeyPath<KeptChange, Double?>) -> Double? {
        steps.filter { !$0.isKeyframe }.compactMap { $0.kept[keyPath: share] }.min()
    }
}
