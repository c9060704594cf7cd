import TensorFiles

@testable import Varve

/// A report of made-up figures, of any size.
struct MadeReport {
    var names: [String]
    var steps: Int
    var keyframeEvery = 10
    var keyframeBytes: UInt64 = 1000

    var report: Report {
        var report = Report(steps: [], total: .init(), roles: [:], chain: .init(), keyframes: .init())
        for index in 0..<steps {
            let step = step(index)
            report.steps.append(step)
            report.total.add(step.total)
            for (category, figures) in step.roles { report.roles[category, default: .init()].add(figures) }
            guard let weights = step.roles[.weight] else { continue }
            if step.isKeyframe { report.keyframes.add(weights) } else { report.chain.add(weights) }
        }
        return report
    }

    private func step(_ index: Int) -> Report.Step {
        let isKeyframe = index % keyframeEvery == 0
        var weights = Report.Figures(), payload = Report.Figures()
        let tensors = names.enumerated().map { number, name in
            var figures = Report.Figures()
            figures.originalBytes = 40_000
            figures.storedBytes = isKeyframe ? keyframeBytes : UInt64(100 + number % 17)
            figures.elementCount = 10_000
            figures.prunedCount = UInt64(number % 10_000)
            figures.squaredError = 0.001 * Double(1 + number % 7)
            figures.referenceEnergy = 0.0123
            figures.largestError = 0.01
            var sum = Report.Figures()
            sum.add(figures)
            weights.add(sum)
            return Report.Tensor(
                name: name, role: .weight, key: "", dtype: .f32, shape: [100, 100], file: "model", files: ["model"],
                coding: .transform, isExact: false, pairing: .none, figures: sum)
        }
        payload.storedBytes = 77
        var total = weights
        total.add(payload)
        var kept = KeptChange()
        if !isKeyframe { (kept.before, kept.sinceBefore, kept.sinceStart) = (100 * index, 0.75, 0.9) }
        return Report.Step(
            number: 100 * (index + 1), path: "step_\(index)", isKeyframe: isKeyframe, method: "transform balanced",
            total: total, roles: [.weight: weights, .payload: payload], tensors: tensors, files: [], notes: [],
            kept: kept, isPinned: false, lacksMoments: false)
    }

    static func names(_ count: Int) -> [String] {
        (0..<count).map { "model.layers.\($0 / 9).block.\($0 % 9).weight" }
    }
}
