import Synchronization
import Varve

/// Measures ways of compressing a run, one after the other, each with an archive of its own that is removed again.
struct BenchWork: Sendable {
    let run: String
    let checkpoints: BenchmarkRun
    let options: WorkOptions
    let common: CommonOptions
    var evaluation: BenchEvaluation?

    private struct Told {
        var steps: [BenchLine] = []
        var notices: [String] = []
        var done: UInt64 = 0
    }

    /// Measures one setting after the other, in a directory in `parent` that is gone again at the end.
    ///
    /// - Throws: what the processes threw; `.different` where what came back is not what it should be, `.sourceChanged`
    ///   where a checkpoint could be read before and not any more; what `BenchmarkScratch` throws.
    func measure(_ settings: [BenchSetting], in parent: String) async throws(VarveError) -> BenchResult {
        let scratch = try BenchmarkScratch(in: parent, of: checkpoints)
        Terminal.cleanUp.withLock { $0 = { scratch.remove() } }
        defer { scratch.remove() }
        let numbers = checkpoints.checkpoints.map { "\($0.step)" }.joined(separator: ", ")
        common.announce(
            "\(run): \(checkpoints.checkpoints.count == 1 ? "step" : "steps") \(numbers), "
                + "\(Units.bytes(checkpoints.bytes)), in \(scratch.path)")
        let reading = ProgressBar(verb: "reading", options: common)
        try checkpoints.read(progress: reading.handler)
        reading.finish()
        var result = BenchResult(
            run: run, checkpoints: checkpoints.checkpoints, skipped: checkpoints.skipped,
            originalBytes: checkpoints.bytes, threads: CompressionOptions(threads: options.threads).workers,
            notices: [],
            rows: [])
        for setting in settings {
            if common.form == .jsonLines { ProgressLines.write("measuring", ["quality": setting.name]) }
            let bar = ProgressBar(verb: "\(setting.name),", options: common)
            let (row, notices) = try await measure(setting, in: scratch, progress: bar.handler)
            bar.finish()
            // Each setting finds the same about the run.
            for notice in notices where !result.notices.contains(notice) {
                result.notices.append(notice)
                common.note(notice)
            }
            if evaluation == nil {
                try scratch.remove(Self.restored)
            } else {
                try scratch.rename(Self.restored, to: Self.kept(result.rows.count))
            }
            result.rows.append(row)
            tell(row)
        }
        try await evaluate(&result, in: scratch)
        return result
    }

    private func tell(_ row: BenchRow) {
        if common.form == .jsonLines { ProgressLines.write("row", row) }
        common.announce(
            "\(row.quality): \(Units.bytes(row.originalBytes)) -> \(Units.bytes(row.storedBytes)), "
                + "\(Units.ratio(row.ratio)), compressed in \(Units.seconds(row.compress.seconds)), "
                + "step \(row.steps.last?.step ?? 0) restored in \(Units.seconds(row.restore.seconds))")
    }

    /// Compresses, restores the last step, compares it.
    private func measure(
        _ setting: BenchSetting, in scratch: BenchmarkScratch, progress: @escaping ProgressHandler
    ) async throws(VarveError) -> (row: BenchRow, notices: [String]) {
        let archive = scratch.path("archive.varve"), output = scratch.path(Self.restored)
        let told = Mutex(Told())
        let compressed = try await ChildProcess.run(compressing(setting, to: archive)) { text in
            guard let line = BenchLine(text) else { return }
            let event = told.withLock { told -> ProgressEvent? in
                if line.type == "finished" { told.steps.append(line) }
                if line.type == "notice", let message = line.message { told.notices.append(message) }
                return line.event(done: &told.done)
            }
            if let event { progress(event) }
        }
        try check(compressed, "compressing", setting)
        let report = try Archive(at: archive).report()
        let (lines, notices) = told.withLock { ($0.steps, $0.notices) }
        guard let last = report.steps.last, report.steps.map(\.number) == checkpoints.checkpoints.map(\.step),
            lines.count == report.steps.count
        else {
            throw VarveError(
                .sourceChanged, "a checkpoint could not be compressed: \(notices.joined(separator: "; "))", file: run)
        }
        let steps = zip(lines, report.steps).map { line, step in
            BenchRow.Step(
                step: step.number, keyframe: step.isKeyframe, originalBytes: line.originalBytes ?? 0,
                storedBytes: line.storedBytes ?? 0, seconds: line.seconds ?? 0)
        }
        let restoring = ["restore", "--step", "\(last.number)", "--output", output, "--json"]
        let restored = try await ChildProcess.run(restoring + working + ["--", archive]) { _ in }
        try check(restored, "restoring", setting)
        let isIdentical = try checkpoints.compare(last, restoredTo: output)
        try scratch.remove("archive.varve")
        let row = BenchRow(
            setting, steps: steps, report: report, compress: compressed, restore: restored, isIdentical: isIdentical)
        return (row, notices)
    }

    /// The options that say how much is worked on at a time.
    private var working: [String] {
        ["--threads", "\(options.threads)"] + (options.memory.map { ["--memory", "\($0.bytes)"] } ?? [])
    }

    private func compressing(_ setting: BenchSetting, to archive: String) -> [String] {
        let steps = checkpoints.checkpoints.map { "\($0.step)" }.joined(separator: ",")
        return ["compress"] + setting.options + ["--steps", steps, "--extra", "none", "--json-lines"] + working
            + ["--", run, archive]
    }

    /// - Throws: the error that the process told, or that it ended otherwise.
    private func check(_ outcome: ChildProcess.Outcome, _ work: String, _ setting: BenchSetting) throws(VarveError) {
        // Checkpoints that are not complete were named before.
        if outcome.status == 0 || outcome.status == ExitStatus.stepsSkipped { return }
        for line in outcome.error.split(separator: "\n") {
            if let document = ErrorDocument(line: String(line)) { throw document.error }
        }
        let what = outcome.status > 128 ? "signal \(outcome.status - 128)" : "exit code \(outcome.status)"
        throw VarveError(.inputOutput, "\(work) with \(setting.name) ended with \(what) \(outcome.error)", file: run)
    }

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
