package import FileSystem

extension Run {
    /// Which optimizer state belongs to which parameter, as the steps of a run tell together.
    package struct Pairs: Sendable {
        /// Pairs by structure: parameters may be added or removed along the run.
        var byStructure: [String: StepContents.KnownPairs] = [:]
        /// The correlations that were seen, by state path.
        package var correlations: [String: Double] = [:]

        /// The pairs of the structure that the first step of the run has, the others where there is no such step.
        package func known(for structure: String) -> StepContents.KnownPairs { byStructure[structure] ?? [:] }
    }

    /// Reads pairs of adjacent steps until every state is tied or the data are used up.
    ///
    /// Only samples of the tensors are read. At most `limit` pairs of steps of each structure are looked at.
    package func pairs(limit: Int = 3) throws(VarveError) -> Pairs {
        var result = Pairs()
        var looks: [String: Int] = [:]
        var before: StepContents?
        for step in steps {
            let previous = before.map { FilePreviousWeights($0) }
            let opened = try OpenedStep(step, of: self)
            var contents = try opened.contents()
            let structure = contents.structure
            let states = contents.parameters.filter { $0.statePath != nil }
            let isDone =
                result.byStructure[structure].map { known in
                    states.allSatisfy { known[$0.statePath ?? ""] != nil }
                        || known[StepContents.searchesKey] == String(PairingSolver.searchLimit + 1)
                } ?? false
            if let previous, !isDone, looks[structure, default: 0] < limit, !states.isEmpty {
                // Where the structure is new, the step before may tell what order and data leave open.
                contents = try opened.contents(
                    previous: previous, known: result.byStructure[structure] ?? before?.knownPairs ?? [:])
                looks[structure, default: 0] += 1
                result.byStructure[structure] = contents.knownPairs
                result.correlations.merge(contents.correlations) { max($0, $1) }
            }
            before = contents
        }
        return result
    }

    /// Reads one step with what the whole run tells about its pairs.
    package func contents(of step: Step, pairs: Pairs) throws(VarveError) -> StepContents {
        let opened = try OpenedStep(step, of: self)
        let contents = try opened.contents(), known = pairs.known(for: contents.structure)
        return known.isEmpty ? contents : try opened.contents(known: known)
    }
}
