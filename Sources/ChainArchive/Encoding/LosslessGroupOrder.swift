/// The order of tensors in lossless groups.
package enum LosslessGroupOrder {
    /// What must stay together, in order: a first moment comes directly behind the second moment of its parameter, the
    /// half-precision copy of a weight behind the weight, all else stands alone.
    package static func groups<Element>(_ elements: [Element], _ identity: (Element) -> TensorIdentity) -> [[Element]] {
        var firsts: [String: Element] = [:], seconds = Set<String>()
        var copies: [String: Element] = [:], weights = Set<String>()
        for element in elements {
            let own = identity(element)
            if own.role == .firstMoment { firsts[own.name] = element }
            if own.role == .secondMoment { seconds.insert(own.name) }
            if own.isWeight { weights.insert(own.name) } else if own.role == .weight { copies[own.name] = element }
        }
        return elements.compactMap { element in
            let own = identity(element)
            switch own.role {
            case .secondMoment: return [element] + (firsts[own.name].map { [$0] } ?? [])
            case .firstMoment where seconds.contains(own.name): return nil
            case .weight where own.isWeight: return [element] + (copies[own.name].map { [$0] } ?? [])
            case .weight where weights.contains(own.name): return nil
            default: return [element]
            }
        }
    }

    /// Tensors as they are packed: weights with weights, all others with each other, so that weights are decoded
    /// without the moments; small ones together.
    package static func losslessGroups(_ tensors: [PlannedTensor]) -> [[PlannedTensor]] {
        var losslessGroups: [[PlannedTensor]] = []
        for isWeight in [true, false] {
            var current: [PlannedTensor] = [], elements = 0
            for group in groups(tensors.filter { ($0.identity.role == .weight) == isWeight }, \.identity) {
                let count = group.reduce(0) { $0 + $1.count }
                if !current.isEmpty, elements + count > StepPlan.quantizedGroupElements {
                    losslessGroups.append(current)
                    (current, elements) = ([], 0)
                }
                current += group
                elements += count
            }
            if !current.isEmpty { losslessGroups.append(current) }
        }
        return losslessGroups
    }
}
