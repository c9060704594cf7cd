import Varve

/// Two archives of one run side by side: the JSON document of `varve compare`.
struct Comparison: Encodable {
    /// What one archive has of a step or a layer.
    struct Side: Encodable {
        var originalBytes: UInt64
        var storedBytes: UInt64
        var ratio: Double
        /// Squared error over squared change of the weights; absent where nothing can have been lost.
        var weightError: Double?
    }

    struct Step: Encodable {
        var step: Int
        /// Absent where the archive has no such step.
        var first: Side?
        var second: Side?
        var firstIsKeyframe: Bool
        var secondIsKeyframe: Bool
        /// The share of the change since the chain began that is restored.
        var firstKept: Double?
        var secondKept: Double?
    }

    /// A layer over the steps that both archives have.
    struct Layer: Encodable {
        var layer: String
        var first: Side?
        var second: Side?
    }

    struct Archive: Encodable {
        var archive: String
        var methods: [String]
        /// All of it.
        var total: Side
        /// The steps that both have.
        var common: Side
    }

    var first: Archive
    var second: Archive
    var steps: [Step]
    var layers: [Layer]

    init(_ first: (path: String, report: Report), _ second: (path: String, report: Report)) {
        let sides = [first.report, second.report].map { report in
            Dictionary(report.steps.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        }
        let numbers = Set(sides[0].keys).union(sides[1].keys).sorted()
        let common = numbers.filter { sides[0][$0] != nil && sides[1][$0] != nil }
        steps = numbers.map { Step(number: $0, sides[0][$0], sides[1][$0]) }
        // In a keyframe an error is measured against something else: only steps that build on another in both count.
        let chain = Set(common.filter { number in sides.allSatisfy { $0[number]?.isKeyframe == false } })
        let sums = sides.map { side in LayerSums(common.compactMap { side[$0] }, chain: chain) }
        layers = sums[0].order(with: sums[1]).map {
            Layer(layer: $0, first: sums[0].side($0), second: sums[1].side($0))
        }
        self.first = Archive(first.path, first.report, common, sums[0])
        self.second = Archive(second.path, second.report, common, sums[1])
    }

    /// Steps that only one has.
    var unmatched: (first: Int, second: Int) {
        (steps.count { $0.second == nil }, steps.count { $0.first == nil })
    }
}

extension Comparison.Side {
    init(_ figures: Report.Figures, weightError: Double?) {
        self.init(
            originalBytes: figures.originalBytes, storedBytes: figures.storedBytes, ratio: figures.ratio,
            weightError: weightError)
    }
}

extension Comparison.Step {
    fileprivate init(number: Int, _ first: Report.Step?, _ second: Report.Step?) {
        func side(_ step: Report.Step?) -> Comparison.Side? {
            step.map { .init($0.total, weightError: StepGroup(steps: [$0]).error(.weight)) }
        }
        self.init(
            step: number, first: side(first), second: side(second), firstIsKeyframe: first?.isKeyframe ?? false,
            secondIsKeyframe: second?.isKeyframe ?? false, firstKept: first?.kept.sinceStart,
            secondKept: second?.kept.sinceStart)
    }
}

extension Comparison.Archive {
    fileprivate init(_ path: String, _ report: Report, _ common: [Int], _ sums: LayerSums) {
        let wanted = Set(common), steps = report.steps.filter { wanted.contains($0.number) }
        let figures = steps.reduce(into: Report.Figures()) { $0.add($1.total) }
        self.init(
            archive: path,
            methods: report.steps.reduce(into: []) { if !$0.contains($1.method) { $0.append($1.method) } },
            total: .init(report.total, weightError: report.weightError),
            common: .init(figures, weightError: sums.weightError))
    }
}

/// What the layers of some steps cost, and how far their weights are off in some of them.
private struct LayerSums {
    private var names: [String] = []
    private var figures: [String: Report.Figures] = [:]
    private var lossy: [String: Report.Figures] = [:]

    init(_ steps: [Report.Step], chain: Set<Int>) {
        for step in steps {
            for tensor in step.tensors {
                let layer = GroupedReport.layer(tensor.name)
                if figures[layer] == nil { names.append(layer) }
                figures[layer, default: .init()].add(tensor.figures)
                guard tensor.role == .weight, !tensor.isExact, chain.contains(step.number),
                    tensor.figures.referenceEnergy.isFinite
                else { continue }
                lossy[layer, default: .init()].add(tensor.figures)
            }
        }
    }

    var weightError: Double? {
        guard !lossy.isEmpty else { return nil }
        return names.reduce(into: Report.Figures()) { if let sum = lossy[$1] { $0.add(sum) } }.relativeSquaredError
    }

    func order(with other: LayerSums) -> [String] { names + other.names.filter { figures[$0] == nil } }

    func side(_ layer: String) -> Comparison.Side? {
        figures[layer].map { .init($0, weightError: lossy[layer]?.relativeSquaredError) }
    }
}
