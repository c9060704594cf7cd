import ArgumentParser
import Glibc
import Varve

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what each quality makes of a run: size, speed, memory, error.",
        usage: "varve bench <run> [<options>]",
        discussion: """
            Compresses the newest checkpoints of the run with one quality after the other, each into an archive in a \
            temporary directory, restores the last of them, compares it, and removes both. The run is only read; once \
            before all else, so that the disk's speed is not measured where the checkpoints fit into memory.

              varve bench out/
              varve bench out/ --qualities lossless,balanced --all

            keyframe, delta: compressing steps that build on no other, and on the one before. restore: the last step, \
            through the steps that it builds on. Speeds in bytes of checkpoint by the clock. memory: the most that \
            compressing or restoring had at once. weight error: squared error over squared change, as report has it.

              varve bench out/ --evaluate 'python evaluate.py {}'

            evaluation: the last number that the command prints on standard output, for the last checkpoint as it is and \
            as each quality restored it. The restored checkpoints are kept until all is measured.

            --html writes the table and the ratio against error and evaluation as a page.
            """)

    @Argument(help: "The run's directory, or a single checkpoint.", completion: .directory)
    var run: String

    @Option(
        help: ArgumentHelp(
            """
            What to measure, with commas between: \(BenchSetting.known). Left out: \
            \(BenchSetting.defaults.joined(separator: ", ")).
            """,
            valueName: "names"))
    var qualities: String?

    @Option(help: ArgumentHelp("Only the newest so many checkpoints (3).", valueName: "count"))
    var limit: Int?

    @Option(help: ArgumentHelp("Only these steps: A-B,C.", valueName: "steps"))
    var steps: StepList?

    @Flag(help: "All checkpoints of the run.")
    var all = false

    @Option(
        help: ArgumentHelp("The directory to work in; TMPDIR, else /var/tmp.", valueName: "directory"),
        completion: .directory)
    var scratch: String?

    @Option(
        help: ArgumentHelp(
            "What tells how good a checkpoint is: run by sh, with {} for the checkpoint's path.", valueName: "command"))
    var evaluate: String?

    @OptionGroup var page: PageOptions

    @OptionGroup var work: WorkOptions

    @OptionGroup var common: CommonOptions

    /// So many checkpoints say what a chain is like, and few enough are done soon.
    private static let defaultLimit = 3

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more") }
        if all, limit != nil || steps != nil { throw ValidationError("--all excludes --limit and --steps") }
        _ = try settings()
        _ = try evaluation()
        try page.validate(with: common)
    }

    private func evaluation() throws -> BenchEvaluation? {
        guard let evaluate else { return nil }
        guard let evaluation = BenchEvaluation(evaluate) else {
            throw ValidationError("--evaluate: the command has no {} for the checkpoint's path")
        }
        return evaluation
    }

    private func settings() throws -> [BenchSetting] {
        let names =
            qualities?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            ?? BenchSetting.defaults
        guard Set(names).count == names.count else { throw ValidationError("--qualities names one of them twice") }
        return try names.map { name in
            guard let setting = BenchSetting(name) else {
                throw ValidationError("--qualities: no \"\(name)\"; there are \(BenchSetting.known)")
            }
            return setting
        }
    }

    private var directory: String {
        if let scratch { return normalized(scratch) }
        if let variable = ProcessEnvironment.value("TMPDIR"), !variable.isEmpty { return variable }
        // Larger than /tmp, which is memory on many machines.
        return "/var/tmp"
    }

    func run() async throws {
        let run = normalized(run), settings = try settings(), evaluation = try evaluation()
        try ArchiveLocation.checkIsNone(run)
        try page.check()
        let checkpoints = try BenchmarkRun(
            run: run, steps: steps?.ranges, limit: limit ?? (all || steps != nil ? nil : Self.defaultLimit))
        for skipped in checkpoints.skipped { common.note("skipped \(skipped.path): \(skipped.reason)") }
        let bench = BenchWork(run: run, checkpoints: checkpoints, options: work, common: common, evaluation: evaluation)
        let directory = directory
        // As one piece, so that no signal comes when nobody would clean up.
        let result = try await Interruption.run { try await bench.measure(settings, in: directory) }
        let isDone = try page.write(common) { BenchPage(result: result).page }
        if !isDone {
            try common.finish("benchmark", result) {
                let output = Terminal.standardOutput
                for line in result.lines(width: output.tableWidth) { output.writeLine(line) }
            }
        }
        if let failed = result.failedEvaluations, !failed.isEmpty { throw ExitCode(ExitStatus.failed) }
        if !checkpoints.skipped.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }
}
