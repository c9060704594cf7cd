import ChainArchive

/// A part of a step's units, of bounded size: the same parameters and payload in every step, so that each can build on
/// the step before.
struct UnitSample {
    /// What stands for a tensor or a block of payload in every step; `nil` where all of them are in the sample.
    private var chosen: Set<String>?

    /// - Parameter byteCount: how large the sample may be; larger only where the smallest tensor alone is.
    init(of plan: StepPlan, _ step: StepNames, byteCount: Int) {
        var tensors: [(key: String, byteCount: Int)] = [], payload: [(key: String, byteCount: Int)] = []
        for unit in plan.units {
            switch unit {
            case .quantizedGroup(let parameters):
                for parameter in parameters {
                    tensors.append((step.key(parameter.weight), parameter.tensors.reduce(0) { $0 + $1.range.count }))
                }
            case .losslessGroup(let members):
                // A first moment may lie in another lossless group than its weight: they go together.
                for tensor in members { tensors.append((step.key(tensor), tensor.range.count)) }
            case .payload(let block):
                payload.append((step.key(block, plan), block.byteCount))
            }
        }
        var sizes: [String: Int] = [:]
        for tensor in tensors { sizes[tensor.key, default: 0] += tensor.byteCount }
        var seen = Set<String>()
        let items = tensors.compactMap { seen.insert($0.key).inserted ? ($0.key, sizes[$0.key] ?? 0) : nil }
        let tensorBytes = items.reduce(0) { $0 + $1.1 }, payloadBytes = payload.reduce(0) { $0 + $1.byteCount }
        guard tensorBytes + payloadBytes > byteCount else { return }
        let share = Double(byteCount) / Double(tensorBytes + payloadBytes)
        chosen = Self.choose(items, Int(Double(tensorBytes) * share))
            .union(Self.choose(payload.map { ($0.key, $0.byteCount) }, Int(Double(payloadBytes) * share)))
    }

    /// As many as fit, spread over the whole; at least the smallest.
    private static func choose(_ items: [(key: String, byteCount: Int)], _ room: Int) -> Set<String> {
        // Multiples of the golden section leave no stretch of the model out for long.
        let order = items.indices.sorted { left, right in
            func position(_ index: Int) -> Double {
                let product = Double(index) * 0.618_033_988_749_894_8
                return product - product.rounded(.down)
            }
            return position(left) < position(right)
        }
        var chosen = Set<String>(), left = room
        for index in order where items[index].byteCount <= left {
            chosen.insert(items[index].key)
            left -= items[index].byteCount
        }
        if chosen.isEmpty, let smallest = items.min(by: { $0.byteCount < $1.byteCount }) { chosen.insert(smallest.key) }
        return chosen
    }

    /// The units of the plan, as far as they are in the sample.
    func units(of plan: StepPlan, _ step: StepNames) -> [EncodingUnit] {
        guard let chosen else { return plan.units }
        return plan.units.compactMap { unit in
            switch unit {
            case .quantizedGroup(let parameters):
                let kept = parameters.filter { chosen.contains(step.key($0.weight)) }
                return kept.isEmpty ? nil : .quantizedGroup(kept)
            case .losslessGroup(let tensors):
                let kept = tensors.filter { chosen.contains(step.key($0)) }
                return kept.isEmpty ? nil : .losslessGroup(kept)
            case .payload(var payload):
                guard chosen.contains(step.key(payload, plan)) else { return nil }
                // What it repeats may not be in the sample.
                payload.twin = nil
                return .payload(payload)
            }
        }
    }

    /// What tensors and payload are called in every step of a run.
    struct StepNames {
        var path: String
        var isDirectory: Bool

        func key(_ tensor: PlannedTensor) -> String { "tensor \(tensor.identity.name)" }

        func key(_ payload: PlannedPayload, _ plan: StepPlan) -> String {
            let entry = plan.entries[payload.entry].path
            return "\(payload.block) \(StepPlanner.stableKey(entry, stepPath: path, isDirectory: isDirectory))"
        }
    }
}
