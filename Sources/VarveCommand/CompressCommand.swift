public import ArgumentParser
public import Varve

struct CompressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compress",
        abstract: "Compress the checkpoints of a run into an archive.",
        usage: "varve compress <run> [<archive>] [<options>]",
        discussion: """
            Adds every complete checkpoint that the archive does not have yet. The first step, and every 50th, is a \
            keyframe: exact. Between keyframes weights and moments are quantized (method excp, which is lossy); all \
            else is kept exactly.
            """)

    @Argument(help: "The run's directory, or a single checkpoint.", completion: .directory)
    var run: String

    @Argument(help: "The archive; RUN.varve where it is left out.", completion: .directory)
    var archive: String?

    @Option(help: "The method: excp.")
    var method: Method = .excp

    @Option(help: "excp: scale of the pruning threshold of weights.")
    var alpha: Double = 5e-5

    @Option(help: "excp: moments below beta times their mean are pruned.")
    var beta: Double = 2

    @Option(help: "excp: bits per kept value, 2 to 8.")
    var bits: Int = 4

    @Option(help: "excp: published (one threshold a tensor) or element (the paper's formula).")
    var threshold: ExcpOptions.Threshold = .published

    @Option(
        name: .customLong("keyframe-every"),
        help: ArgumentHelp("A keyframe every so many steps.", valueName: "steps"))
    var keyframeInterval: Int = 50

    @Option(
        help: ArgumentHelp(
            "A checkpoint or model kept elsewhere, on whose weights the first step builds.", valueName: "path"))
    var base: String?

    @Option(help: ArgumentHelp("Files that belong to no step; small: up to 64 MB each.", valueName: "which"))
    var extra: CompressionOptions.Extras = .small

    @Option(help: ArgumentHelp("Threads; all cores where it is 0. The result is the same.", valueName: "count"))
    var threads: Int = 0

    @OptionGroup var common: CommonOptions

    enum Method: String, ExpressibleByArgument, CaseIterable { case excp }

    func validate() throws {
        guard (2...8).contains(bits) else { throw ValidationError("--bits must be 2 to 8") }
        guard alpha.isFinite, alpha > 0 else { throw ValidationError("--alpha must be above 0") }
        guard beta.isFinite, beta >= 0 else { throw ValidationError("--beta must not be negative") }
        guard keyframeInterval >= 1 else { throw ValidationError("--keyframe-every must be 1 or more") }
        guard threads >= 0 else { throw ValidationError("--threads must not be negative") }
    }

    func run() async throws {
        let run = normalized(run), archive = normalized(archive ?? run + ".varve")
        let compressor = Compressor(
            run: run, archive: archive,
            options: CompressionOptions(
                excp: ExcpOptions(alpha: alpha, beta: beta, bits: bits, threshold: threshold),
                keyframeInterval: keyframeInterval, base: base, extras: extra, threads: threads))
        if !common.quiet {
            Terminal.standardError.writeLine("\(run) -> \(archive)")
            Terminal.standardError.writeLine(
                "method excp, alpha \(alpha), beta \(Units.figure(beta)), \(bits) bits: lossy between keyframes; "
                    + "--keyframe-every 1 keeps every step exactly")
        }
        let bar = ProgressBar(verb: "compressing", quiet: common.quiet) { steps, bytes in
            "found \(steps) \(steps == 1 ? "step" : "steps") to add, \(Units.bytes(bytes))"
        } onFinished: { number, original, stored in
            "step \(number): \(Units.bytes(original)) -> \(Units.bytes(stored)), "
                + Units.ratio(stored == 0 ? 0 : Double(original) / Double(stored))
        }
        let result = try await Interruption.run { try await compressor.compress(progress: bar.handler) }
        bar.finish()
        if common.json {
            Terminal.standardOutput.writeLine(try JSONText.encode(result))
        } else {
            var line = "\(result.added.count) \(result.added.count == 1 ? "step" : "steps") added"
            if !result.added.isEmpty {
                line += ", \(Units.bytes(result.originalBytes)) -> \(Units.bytes(result.storedBytes)), "
                line += Units.ratio(Double(result.originalBytes) / Double(max(1, result.storedBytes)))
            }
            if !result.present.isEmpty { line += "; \(result.present.count) already there" }
            if !result.skipped.isEmpty { line += "; \(result.skipped.count) skipped" }
            Terminal.standardOutput.writeLine(line)
        }
        if !result.skipped.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }
}

extension ExcpOptions.Threshold: ExpressibleByArgument {}
extension CompressionOptions.Extras: ExpressibleByArgument {}
