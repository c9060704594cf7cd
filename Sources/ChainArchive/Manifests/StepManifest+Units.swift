/// What is decoded in one go: a quantized group with all its roles, a lossless group, or tensors that stand alone.
package enum DecodingUnit: Sendable, Hashable {
    case quantizedGroup(Int)
    case losslessGroup(Int)
    case tensors([Int])
}

extension StepManifest {
    /// Every unit of the step, in the order of the parts.
    /// - Parameters:
    ///   - onlyWeights: leave out tensors that are no weights (quantized groups then give their weights).
    ///   - withMoments: whether moments are still there; without them quantized groups give their weights.
    package func decodingUnits(onlyWeights: Bool = false, withMoments: Bool = true) -> [DecodingUnit] {
        var units: [DecodingUnit] = []
        var quantizedGroups = Set<Int>(), losslessGroups = Set<Int>()
        // Unchanged tensors go together: their predecessors may lie in one lossless group, which then is decoded once.
        var unchanged: [Int] = [], elements = 0
        func flush() {
            if !unchanged.isEmpty { units.append(.tensors(unchanged)) }
            (unchanged, elements) = ([], 0)
        }
        for (index, tensor) in tensors.enumerated() {
            if let member = tensor.coding.member {
                if quantizedGroups.insert(member.quantizedGroup).inserted {
                    units.append(.quantizedGroup(member.quantizedGroup))
                }
                continue
            }
            guard !onlyWeights || tensor.role == .weight, withMoments || !isMoment(tensor) else { continue }
            switch tensor.coding {
            case .packed(let losslessGroup, _, _):
                if losslessGroups.insert(losslessGroup).inserted { units.append(.losslessGroup(losslessGroup)) }
            case .unchanged:
                if elements + tensor.count > Self.unitElements { flush() }
                unchanged.append(index)
                elements += tensor.count
            default:
                units.append(.tensors([index]))
            }
        }
        flush()
        return units
    }

    /// Small tensors are worked on together until they have so many elements.
    package static let unitElements = 1 << 18
}
