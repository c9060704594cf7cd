import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// Whether a step goes on with the training of the step before, judged by samples of its weights.
///
/// Two models that have nothing in common but their shapes differ by more than their own size. Stored as a change, the
/// second one would cost more than on its own, and be coarser.
struct SameTraining {
    /// Elements of a weight that are compared.
    private static let sample = 4096
    private static let run = 64
    /// The squared change over the square of the weights from which on one says nothing of the other.
    private static let jump = 0.5

    /// Whether most elements lie in weights that changed by about their own size.
    static func isOther(_ plan: StepPlan, than previous: StepEncoder.Predecessor) throws(VarveError) -> Bool {
        var compared = 0.0, jumped = 0.0
        for unit in plan.units {
            let weights: [PlannedTensor] =
                switch unit {
                case .quantizedGroup(let parameters): parameters.map(\.weight)
                case .losslessGroup(let tensors): tensors.filter { $0.identity.isWeight }
                case .payload: []
                }
            for weight in weights where weight.count >= run {
                guard let share = try change(of: weight, since: previous) else { continue }
                compared += Double(weight.count)
                jumped += share >= jump ? Double(weight.count) : 0
            }
        }
        return jumped > 0.5 * compared
    }

    /// The same for some units, by weights that are at hand in another way.
    static func isOther(
        _ units: [EncodingUnit], than weights: any PreviousWeights, hasForm: (PlannedTensor) -> Bool
    ) throws(VarveError) -> Bool {
        var compared = 0.0, jumped = 0.0
        for weight in units.flatMap(\.tensors)
        where weight.identity.isWeight && weight.count >= run && hasForm(weight) {
            guard let format = weight.dtype.floatFormat else { continue }
            let runs = runs(of: weight.count)
            guard let old = try weights.sample(weight.identity.name, elementCount: weight.count, runs: runs) else {
                continue
            }
            var values: [Float] = []
            for run in runs {
                values += format.floats(
                    try weight.read(run.lowerBound * format.elementSize..<run.upperBound * format.elementSize))
            }
            var change = 0.0, energy = 0.0
            for (value, old) in zip(values, old) {
                let difference = Double(value) - Double(old)
                change += difference * difference
                energy += Double(value) * Double(value)
            }
            guard energy > 0, energy.isFinite, change.isFinite else { continue }
            compared += Double(weight.count)
            jumped += change / energy >= Self.jump ? Double(weight.count) : 0
        }
        return jumped > 0.5 * compared
    }

    /// The elements that are compared of so many.
    private static func runs(of count: Int) -> [Range<Int>] {
        let runs = min(sample / run, count / run), stride = count / runs
        return (0..<runs).map { $0 * stride..<$0 * stride + run }
    }

    /// What is said of a step that goes on with no other.
    static func note(_ before: Int) -> String {
        "most weights differ from those of step \(before) by about their own size, as those of another "
            + "training do; the step is stored as a keyframe"
    }

    /// The squared change of the sampled elements over their squares; `nil` if they cannot be compared.
    private static func change(
        of weight: PlannedTensor, since previous: StepEncoder.Predecessor
    ) throws(VarveError) -> Double? {
        guard let format = weight.dtype.floatFormat, let store = previous.store, previous.hasForm(of: weight) else {
            return nil
        }
        let runs = min(sample / run, weight.count / run), stride = weight.count / runs
        var change = 0.0, energy = 0.0
        for number in 0..<runs {
            let start = number * stride * format.elementSize, size = run * format.elementSize
            let bytes = try weight.read(start..<start + size)
            guard let before = try store.get(.tensor(weight.identity), start..<start + size), before.count == size
            else { return nil }
            let values = format.floats(bytes), old = format.floats(before)
            for (value, old) in zip(values, old) {
                let difference = Double(value) - Double(old)
                change += difference * difference
                energy += Double(value) * Double(value)
            }
        }
        guard energy > 0, energy.isFinite, change.isFinite else { return nil }
        return change / energy
    }
}
