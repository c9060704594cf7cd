extension StepManifest {
    /// Every unit of the step, in the order of the parts.
    /// - Parameter onlyWeights: leave out tensors that are no weights (bundles then give their weights).
    package func decodingUnits(onlyWeights: Bool = false) -> [DecodingUnit] {
        var units: [DecodingUnit] = []
        var seen = Set<Int>()
        for (index, tensor) in tensors.enumerated() {
            if let member = tensor.coding.member {
                if seen.insert(member.bundle).inserted { units.append(.bundle(member.bundle)) }
            } else if !onlyWeights || tensor.role == .weight {
                units.append(.tensor(index))
            }
        }
        return units
    }
}
