import Varve

extension BenchWork {
    /// Where the last step is restored, in the directory to work in.
    static let restored = "restored"

    /// Where it is kept until all measurements are done: nothing else shall work while one is made.
    static func kept(_ row: Int) -> String { "evaluated-\(row)" }

    private struct Evaluated: Encodable {
        var quality: String
        var evaluation: Double?
    }

    /// Has the user's command tell of the last checkpoint as it is and as each row restored it.
    ///
    /// A command that fails is told on standard error, and ends nothing.
    /// - Throws: `.interrupted`; `.inputOutput` where there can be no process.
    func evaluate(_ result: inout BenchResult, in scratch: BenchmarkScratch) async throws(VarveError) {
        guard let evaluation else { return }
        result.evaluate = evaluation.command
        var failed: [String] = []
        result.originalEvaluation = try await evaluate("original", checkpoints.lastOriginal, evaluation, &failed)
        for index in result.rows.indices {
            let directory = scratch.path(Self.kept(index))
            result.rows[index].evaluation = try await evaluate(
                result.rows[index].quality, checkpoints.last(restoredTo: directory), evaluation, &failed)
            try scratch.remove(Self.kept(index))
        }
        result.failedEvaluations = failed
    }

    private func evaluate(
        _ quality: String, _ checkpoint: String, _ evaluation: BenchEvaluation, _ failed: inout [String]
    ) async throws(VarveError) -> Double? {
        var value: Double?
        switch try await evaluation.evaluate(checkpoint) {
        case .value(let number):
            value = number
            common.announce("\(quality): evaluation \(BenchResult.evaluation(number))")
        case .failed(let reason):
            failed.append(quality)
            ExitStatus.tell(
                VarveError(.inputOutput, "the evaluation failed: \(reason)", file: quality), exit: ExitStatus.failed)
        }
        if common.form == .jsonLines {
            ProgressLines.write("evaluation", Evaluated(quality: quality, evaluation: value))
        }
        return value
    }
}
