import ArgumentParser
import Varve

struct CompressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compress",
        abstract: "Compress the checkpoints of a run into an archive.",
        usage: "varve compress <run> [<archive>] [<options>]",
        discussion: """
            Adds every complete checkpoint that the archive does not have yet. Weights and moments are quantized, \
            which is lossy: --quality says how finely, or that they are not. All else is kept exactly. The first step, and every 50th, is a \
            keyframe, which builds on no other.

              varve compress out/ --dry-run            what would come of it
              varve compress out/ --quality lossless   makes out.varve
            """)

    @Argument(help: "The run's directory, or a single checkpoint.", completion: .directory)
    var run: String

    @Argument(help: "The archive; RUN.varve where it is left out.", completion: .directory)
    var archive: String?

    @OptionGroup(title: "Method")
    var method: MethodOptions

    @OptionGroup(title: "Originals")
    var removal: RemovalOptions

    @OptionGroup var chain: ChainOptions

    @OptionGroup var work: WorkOptions

    @OptionGroup var lock: LockOptions

    @Flag(
        name: [.customShort("n"), .customLong("dry-run")],
        help: "Only say what would be done, how large the archive would be and how long it would take.")
    var isDryRun = false

    @Option(help: ArgumentHelp("Only these steps: A-B,C.", valueName: "steps"))
    var steps: StepList?

    @Flag(
        help: """
            Take steps again that the archive has and that look different now. What they replace stays until prune.
            """)
    var replace = false

    @Flag(help: "Several runs lie under RUN: an archive for each, beside it or under the directory ARCHIVE.")
    var each = false

    @Option(
        help: ArgumentHelp(
            """
            As one of N workers, only part I of every step (0/4, 1/4, 2/4, 3/4): the last one makes the step visible. \
            auto takes both numbers from Slurm, torchrun or MPI, auto/N only the first.
            """, valueName: "i/n"))
    var part: PartChoice?

    @Flag(
        inversion: .prefixedNo,
        help: "With --part: make steps visible whose parts are all there, or leave that to varve commit.")
    var commit = true

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if part != nil, isDryRun || each || replace {
            throw ValidationError("--part goes without --dry-run, --each and --replace")
        }
        if !commit, part == nil { throw ValidationError("--no-commit is for --part") }
        if each, common.form == .json { throw ValidationError("--each writes several results: use --json-lines") }
        _ = try removal.removal(method)
    }

    /// What is said of a step that was added.
    static func line(_ number: Int, _ original: UInt64, _ stored: UInt64) -> String {
        "step \(number): \(Units.bytes(original)) -> \(Units.bytes(stored)), "
            + Units.ratio(stored == 0 ? 0 : Double(original) / Double(stored))
    }

    func run() async throws {
        let run = normalized(run)
        try ArchiveLocation.checkIsNone(run)
        let runs = each ? try RunDirectories.list(run) : [run]
        var status: Int32 = 0
        for one in runs {
            do {
                try await compress(one, into: destination(of: one, under: run))
            } catch let code as ExitCode where runs.count > 1 {
                status = max(status, code.rawValue)
            } catch let error as VarveError where runs.count > 1 && error.code != .interrupted {
                let code = ExitStatus.status(for: error.code)
                ExitStatus.tell(error, exit: code)
                status = max(status, code)
            }
        }
        if each, !isDryRun {
            let outside = try RunCoverage.outside(of: runs, under: run)
            if let line = MissingText.line(outside, of: "any archive") {
                common.say(line)
                status = max(status, ExitStatus.stepsSkipped)
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    /// Beside the run, or what was named; of several, a place of the same name under what was named.
    private func destination(of one: String, under run: String) -> String {
        guard let archive else { return ArchiveLocation.beside(one) }
        guard each, one != run else { return normalized(archive) }
        return normalized(archive) + one.dropFirst(run.count) + ".varve"
    }

    private func compress(_ run: String, into archive: String) async throws {
        var options = CompressionOptions(
            method: method.chosen, keyframeInterval: chain.keyframes.steps, base: chain.base, extras: chain.extra,
            threads: work.threads, removal: try removal.removal(method), steps: steps?.ranges,
            memory: work.memory?.bytes)
        options.wait = lock.wait(common)
        options.replaces = replace
        options.state = chain.state.map { normalized($0) }
        let header = ["\(run) -> \(archive)", method.description]
        if isDryRun { return try await estimate(Estimator(run: run, archive: archive, options: options), header) }
        if let part { return try await compress(run, into: archive, part, options, header) }
        let chosen = options
        let bar = ProgressBar(verb: "compressing", options: common, header: header) { steps, bytes in
            "found \(Units.count(steps, "step")) to add, \(Units.bytes(bytes))"
        } onFinished: {
            Self.line($0, $1, $2)
        }
        let result = try await Interruption.run(saved: { bar.saved(in: archive) }) {
            try await Archive.compress(run: run, to: archive, options: chosen, progress: bar.handler)
        }
        bar.finish()
        try common.finish("compression", result) { say(result) }
        if !result.isAsAsked { throw ExitCode(ExitStatus.stepsSkipped) }
    }

    /// As one of several workers.
    private func compress(
        _ run: String, into archive: String, _ choice: PartChoice, _ options: CompressionOptions, _ header: [String]
    ) async throws {
        var (part, source) = try choice.options()
        part.commits = commit
        if let wait = lock.time { part.patience = wait.seconds }
        let chosen = part
        let line = "part \(part.index) of \(part.count)" + (source.map { ", by \($0)" } ?? "")
        let bar = ProgressBar(verb: "compressing", options: common, header: header + [line]) { steps, bytes in
            "found \(Units.count(steps, "step")) to add, about \(Units.bytes(bytes)) of them in this part"
        } onFinished: {
            Self.line($0, $1, $2)
        }
        let result = try await Interruption.run {
            try await Archive.compressPart(
                run: run, to: archive, part: chosen, options: options, progress: bar.handler)
        }
        bar.finish()
        try common.finish("part", result) { say(result) }
        if !result.waiting.isEmpty || !result.skipped.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }

    private func say(_ result: PartResult) {
        var line = "part \(result.part) of \(result.count): \(Units.count(result.steps.count, "step"))"
        if !result.committed.isEmpty { line += ", \(Units.count(result.committed.count, "step")) committed" }
        if !result.present.isEmpty { line += "; \(result.present.count) already there" }
        if !result.skipped.isEmpty { line += "; \(result.skipped.count) skipped" }
        common.say(line)
        for missing in result.missing {
            common.say("step \(missing.step) waits for parts \(missing.array) of \(missing.count)")
        }
        if let first = result.waiting.first {
            common.note(
                "\(Units.count(result.waiting.count, "step")) from \(first) on build on what other parts have not made; "
                    + "run this part again when they have")
        }
    }

    private func say(_ result: CompressionResult) {
        var line = "\(Units.count(result.added.count, "step")) added"
        if !result.added.isEmpty {
            line += ", \(Units.bytes(result.originalBytes)) -> \(Units.bytes(result.storedBytes)), "
            line += Units.ratio(Double(result.originalBytes) / Double(max(1, result.storedBytes)))
        }
        if !result.replaced.isEmpty { line += "; \(result.replaced.count) of them replaced" }
        let present = result.present.count - result.forgotten.count
        if present > 0 { line += "; \(present) already there" }
        if !result.forgotten.isEmpty { line += "; \(result.forgotten.count) forgotten before" }
        if let removed = result.removed, !removed.isEmpty {
            line += "; \(Units.count(removed.count, "original")) removed"
        }
        if !result.skipped.isEmpty { line += "; \(result.skipped.count) skipped" }
        common.say(line)
        if let missing = MissingText.line(result.missing) { common.say(missing) }
    }

    private func estimate(_ estimator: Estimator, _ header: [String]) async throws {
        let bar = ProgressBar(verb: "estimating", options: common, header: header)
        let estimate = try await Interruption.run { try await estimator.estimate(progress: bar.handler) }
        bar.finish()
        for skipped in estimate.skipped { common.note("skipped \(skipped.path): \(skipped.reason)") }
        for notice in estimate.notices { common.note(notice) }
        try common.finish("estimate", estimate) {
            let output = Terminal.standardOutput
            for line in EstimateText(estimate: estimate, width: output.tableWidth).lines { output.writeLine(line) }
        }
        if !estimate.skipped.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }
}
