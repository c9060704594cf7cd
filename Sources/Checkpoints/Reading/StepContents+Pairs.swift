extension StepContents {
    /// The pairs of this step, to be passed as `known` for the steps after it, with its structure.
    package var knownPairs: KnownPairs {
        var pairs: KnownPairs = [:]
        for parameter in parameters where parameter.weight != nil {
            if let path = parameter.statePath { pairs[path] = parameter.name }
        }
        if searches > 0 { pairs[StepContents.searchesKey] = String(searches) }
        if !pairs.isEmpty { pairs[StepContents.structureKey] = structure }
        return pairs
    }

    /// How well the data bore each pair out, by state path: the correlation that was seen.
    package var correlations: [String: Double] {
        var result: [String: Double] = [:]
        for parameter in parameters {
            if case .data(let correlation) = parameter.pairing, let path = parameter.statePath {
                result[path] = correlation
            }
        }
        return result
    }
}
