package import TensorFiles

extension StepContents {
    /// State path (`optimizer.state.3`) to parameter name, as established at an earlier step of the run.
    package typealias KnownPairs = [String: String]

    /// Opens the files of a step and ties optimizer state to parameters.
    ///
    /// Names first; then candidate orders; then the data: with `previous` the residual of each weight against the
    /// step before is correlated with each state's update direction. The result depends on the step's files,
    /// `previous` and `known` alone, so that compressing in two calls decides as compressing in one does.
    /// - Parameters:
    ///   - previous: weights of the step before, `nil` for a first step.
    ///   - known: pairs established before; kept unless the data contradict them.
    /// - Throws: `.truncated`, `.malformed`, `.incomplete` with file and tensor; `.sourceChanged`.
    package static func read(
        _ step: Step, of run: Run, previous: (any WeightReference)? = nil, known: KnownPairs = [:]
    ) throws(VarveError) -> StepContents {
        throw VarveError(.unsupported, "not written yet")
    }
}
