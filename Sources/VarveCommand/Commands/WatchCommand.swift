import ArgumentParser
import Varve

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Compress checkpoints while a training run writes them.",
        usage: "varve watch <run> [<archive>] [<options>]",
        discussion: """
            Takes each checkpoint when it is complete and has stopped changing, appends it, decodes it again and compares. \
            It may be started before the training, and works while the trainer removes old checkpoints or writes over one \
            file again and again. Ends with --idle, --pid, SIGINT or SIGTERM; started again it goes on. When --idle \
            or --pid ends it and something of the run is not in the archive, that is named and the exit code is 3. Where there was no \
            such run in all that time, that is an error.

              varve watch out/ --quality lossless --remove-source
            """)

    @Argument(help: "The run's directory, or the one file that is written again and again.", completion: .directory)
    var run: String

    @Argument(help: "The archive; RUN.varve where it is left out.", completion: .directory)
    var archive: String?

    @OptionGroup(title: "Method")
    var method: MethodOptions

    @OptionGroup(title: "Originals")
    var removal: RemovalOptions

    @Option(
        help: ArgumentHelp("Seconds for which a checkpoint must not have changed.", valueName: "seconds"))
    var settle: Double = 2

    @Option(help: ArgumentHelp("End when nothing new has come for so long.", valueName: "seconds"))
    var idle: Double?

    @Option(
        help: ArgumentHelp("End when this process has ended, and what it left is taken.", valueName: "process"))
    var pid: Int32?

    @Option(
        help: ArgumentHelp(
            "How often work is tried again after the disk, the network or the quota refused it.", valueName: "count"))
    var retries: Int = 6

    @OptionGroup var chain: ChainOptions

    @OptionGroup var work: WorkOptions

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard retries >= 0 else { throw ValidationError("--retries must not be negative") }
        guard settle >= 0, settle <= 86_400 else { throw ValidationError("--settle must be 0 to 86400 seconds") }
        if let idle, !(idle > 0 && idle <= 1e9) { throw ValidationError("--idle must be above 0 seconds") }
        if method.targetRatio != nil {
            throw ValidationError("--target-ratio needs the whole run; watch takes a quality or a step size")
        }
        if removal.removesSource, removal.keepLast < 1 {
            throw ValidationError("--keep-last must be 1 or more: the trainer resumes from the newest checkpoint")
        }
        _ = try removal.removal(method)
    }

    func run() async throws {
        let run = normalized(run), archive = archive.map { normalized($0) } ?? ArchiveLocation.beside(run)
        try ArchiveLocation.checkIsNone(run)
        var compression = CompressionOptions(
            method: method.chosen, keyframeInterval: chain.keyframes.steps, base: chain.base, extras: chain.extra,
            threads: work.threads, memory: work.memory?.bytes)
        compression.wait = lock.wait(common)
        compression.state = chain.state.map { normalized($0) }
        var options = WatchOptions(
            compression: compression,
            removal: try removal.removal(method), settle: .seconds(settle), idle: idle.map { .seconds($0) },
            retries: retries)
        options.process = pid
        let watcher = Watcher(run: run, archive: archive, options: options)
        let bar = ProgressBar(
            verb: "compressing", options: common, isWatch: true,
            header: ["watching \(run) -> \(archive)", method.description],
            onFinished: { CompressCommand.line($0, $1, $2) })
        let result = try await Interruption.run(saved: { bar.saved(in: archive) }) {
            try await watcher.watch(progress: bar.handler)
        }
        bar.finish()
        try common.finish("watch", result) {
            var line = "\(result.added.count) \(result.added.count == 1 ? "step" : "steps") added"
            if !result.removed.isEmpty {
                line += "; \(result.removed.count) \(result.removed.count == 1 ? "original" : "originals") removed, "
                line += Units.bytes(result.removedBytes)
            }
            if !result.skipped.isEmpty { line += "; \(result.skipped.count) skipped" }
            common.say(line)
            if let missing = MissingText.line(result.missing) { common.say(missing) }
        }
        if !result.isAsAsked { throw ExitCode(ExitStatus.stepsSkipped) }
    }
}
