import TensorFiles
import ChainArchive
import Checkpoints
import TensorCodecs

/// What becomes of an optimizer's states that are no moments, and of averages that stand beside a model.
extension StepPlanner {
    /// Plans a state by what its key says of it.
    /// - Parameter weight: the weight that it is tied to; `nil` if nothing proves the tie.
    mutating func add(_ state: PlannedTensor, of parameter: Parameter, weight: PlannedTensor?) {
        guard case .transform = method, let weight, state.dtype.isQuantizable, state.count == weight.count else {
            exact.append(state)
            return
        }
        let kind = StateKind(
            state.identity.key, among: Set(parameter.other.map(\.key)), isOfFewBits: weight.dtype.isSmallFloat)
        var state = state
        switch kind {
        case .direction: state.need = .direction
        case .size: state.need = .size
        case .average: return addAverage(state, named: "\(parameter.name).\(state.identity.key)")
        case .exact: break
        }
        exact.append(state)
    }

    /// Plans a tensor like a weight. That it is trained is known from what it is called.
    mutating func addAverage(_ tensor: PlannedTensor, named name: String) {
        var weight = tensor
        weight.identity = .average(name)
        guard identities.insert(weight.identity).inserted else {
            exact.append(tensor)
            return
        }
        parameters.append(PlannedParameter(weight: weight))
    }

    /// Moments of a weight that is not quantized. A weight of a few bits is exact, but its moments are like others.
    static func alone(
        first: PlannedTensor?, second: PlannedTensor?, maximum: PlannedTensor?, beside weight: PlannedTensor?
    ) -> [PlannedTensor] {
        let moments: [(PlannedTensor?, SingleStateEncoder.Need)] = [
            (first, .direction), (second, .size), (maximum, .size),
        ]
        return moments.compactMap { moment, need in
            guard var moment else { return nil }
            if let weight, weight.dtype.isSmallFloat, weight.count == moment.count { moment.need = need }
            return moment
        }
    }

    /// Tensors of lists of averages, `ema.3` and `lookahead_state.3.slow_params`: lists that are called so and have a tensor
    /// for each of the model's, in its order and of its shape.
    func averages(_ tensors: [StoredTensor]) -> Set<Int> {
        guard case .transform = method else { return [] }
        var lists: [String: [Int]] = [:]
        for (number, tensor) in tensors.enumerated() {
            var words = tensor.name.split(separator: ".")
            guard let place = words.lastIndex(where: { Int($0) != nil }) else { continue }
            words.remove(at: place)
            guard words.contains(where: { Self.averageWords.contains($0.lowercased()) }) else { continue }
            lists[words.joined(separator: "."), default: []].append(number)
        }
        guard !lists.isEmpty else { return [] }
        let shapes = contents.parameters.filter { $0.weight != nil && !$0.isBuffer }.compactMap { parameter in
            parameter.weight.flatMap { contents.tensor($0)?.tensor.shape }
        }
        var result = Set<Int>()
        for list in lists.values where list.map({ tensors[$0].shape }) == shapes { result.formUnion(list) }
        return result
    }

    private static let averageWords: Set<String> = [
        "ema", "swa", "average", "averages", "shadow", "shadow_params", "ema_params", "ema_weights", "avg_params",
        "slow_params", "slow_param",
    ]
}

extension DType {
    /// Floats of eight bits or fewer.
    fileprivate var isSmallFloat: Bool {
        switch self {
        case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz: true
        default: false
        }
    }
}
