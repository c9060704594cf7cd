extension StepManifest {
    /// Every unit of the step, in the order of the parts.
    /// - Parameters:
    ///   - onlyWeights: leave out tensors that are no weights (bundles then give their weights).
    ///   - withMoments: whether moments are still there; without them bundles give their weights.
    package func decodingUnits(onlyWeights: Bool = false, withMoments: Bool = true) -> [DecodingUnit] {
        var units: [DecodingUnit] = []
        var bundles = Set<Int>(), packs = Set<Int>()
        // Unchanged tensors go together: their predecessors may lie in one pack, which then is decoded once.
        var unchanged: [Int] = [], elements = 0
        func flush() {
            if !unchanged.isEmpty { units.append(.tensors(unchanged)) }
            (unchanged, elements) = ([], 0)
        }
        for (index, tensor) in tensors.enumerated() {
            if let member = tensor.coding.member {
                if bundles.insert(member.bundle).inserted { units.append(.bundle(member.bundle)) }
                continue
            }
            guard !onlyWeights || tensor.role == .weight, withMoments || !isMoment(tensor) else { continue }
            switch tensor.coding {
            case .packed(let pack, _, _):
                if packs.insert(pack).inserted { units.append(.pack(pack)) }
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
