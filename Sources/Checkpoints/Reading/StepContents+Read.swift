package import FileSystem

extension StepContents {
    /// State path (`optimizer.state.3`) to parameter name, as established at an earlier step of the run.
    ///
    /// The key `structureKey` may hold the structure the pairs were established under; under another structure
    /// (parameters were added or removed) they only fill what order and data leave open.
    package typealias KnownPairs = [String: String]

    package static let structureKey = "#structure"

    /// The key that may hold how many steps of that structure were searched for an order of the parameters without an end
    /// to the doubt: after a few it is not looked for again.
    package static let searchesKey = "#searches"

    /// What to call the framework's layout.
    package var layout: String { Layouts.layout(of: StepShape(step)).title }

    /// The same, `nil` where no framework is recognised.
    package var framework: String? {
        let layout = Layouts.layout(of: StepShape(step))
        return layout == PlainLayout.self ? nil : layout.title
    }

    /// Opens the files of a step and ties optimizer state to parameters.
    ///
    /// Names first; then candidate orders; then the data: with `previous` the residual of each weight against the
    /// step before is correlated with each state's update direction. The result depends on the step's files,
    /// `previous` and `known` alone, so that compressing in two calls decides as compressing in one does.
    /// - Parameters:
    ///   - held: files of the step that were opened before, to stay open, by path; they may have lost their names since.
    ///   - staysOpen: whether the others may lose their names while they are read, too.
    ///   - previous: weights of the step before, `nil` for a first step.
    ///   - known: pairs established before; kept unless the data contradict them.
    /// - Throws: `.truncated`, `.malformed`, `.incomplete` with file and tensor; `.sourceChanged`.
    package static func read(
        _ step: Step, of run: Run, held: [String: InputFile] = [:], staysOpen: Bool = false,
        previous: (any PreviousWeights)? = nil, known: KnownPairs = [:]
    ) throws(VarveError) -> StepContents {
        try OpenedStep(step, of: run, held: held, staysOpen: staysOpen).contents(previous: previous, known: known)
    }
}
