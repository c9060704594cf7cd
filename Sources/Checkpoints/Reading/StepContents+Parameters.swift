extension StepContents {
    /// The parameters in the order of the weights, then the states that stayed without one.
    static func parameters(_ solver: PairingSolver) -> [Parameter] {
        var slotByWeight: [Int: Int] = [:]
        for (slot, result) in solver.results.enumerated() {
            if let weight = result.weight { slotByWeight[weight] = slot }
        }
        var parameters: [Parameter] = []
        let dictionaries = Dictionary(grouping: solver.weights, by: \.dictionary).mapValues { Set($0.map(\.ownName)) }
        for (index, weight) in solver.weights.enumerated() {
            var parameter = Parameter(name: weight.name, weight: weight.tensorIndex)
            if let slot = slotByWeight[index] {
                fill(&parameter, solver.slots[slot], solver.results[slot].pairing, weight)
            } else {
                let names = dictionaries[weight.dictionary] ?? []
                parameter.isBuffer =
                    weight.isBuffer
                    || weight.original == index
                        && (BufferNames.isLikely(weight.ownName)
                            || BufferNames.isUntrained(weight.ownName) { names.contains($0) })
            }
            parameters.append(parameter)
        }
        var names = Set(parameters.map(\.name))
        for (slot, result) in solver.results.enumerated() where result.weight == nil && solver.slots[slot].slot.hasState
        {
            var name = solver.slots[slot].slot.statePath
            while !names.insert(name).inserted { name += "'" }
            var parameter = Parameter(name: name, weight: nil)
            fill(&parameter, solver.slots[slot], .ambiguous, nil)
            parameters.append(parameter)
        }
        return parameters
    }

    private static func fill(_ parameter: inout Parameter, _ slot: PairingSlot, _ pairing: Pairing, _ weight: Weight?) {
        parameter.hyperparameters = slot.hyperparameters
        guard slot.slot.hasState else { return }
        parameter.pairing = pairing
        parameter.statePath = slot.slot.statePath
        parameter.firstMoment = slot.slot.firstMoment
        parameter.secondMoment = slot.slot.secondMoment
        parameter.momentKeys = slot.slot.momentKeys
        parameter.other = slot.slot.other
    }
}
