import ArgumentParser
import Varve

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check an archive for damage.",
        usage: "varve verify <archive> [<options>]",
        discussion: """
            Compares every stored byte with its checksum. --deep also decodes every tensor of every step and compares \
            it with the hash recorded when it was compressed, --sample 10% a part of them. Damage is named by file, \
            offset and tensor; exit code 12.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Flag(help: "Decode everything.")
    var deep = false

    @Option(help: ArgumentHelp("Decode only a sample, such as 10%.", valueName: "share"))
    var sample: Share?

    @Option(help: ArgumentHelp("Another number, another sample.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Also compare every restored byte with this run's files, without writing any.", valueName: "run"),
        completion: .directory)
    var against: String?

    @Option(help: ArgumentHelp("Only these steps.", valueName: "A-B"))
    var steps: StepRange?

    @Option(
        help: ArgumentHelp("What --base named when the archive was made: a path or a model's name.", valueName: "base"))
    var base: String?

    @Option(help: ArgumentHelp("As one of N workers, only part I (0/4 to 3/4, auto, auto/N).", valueName: "i/n"))
    var part: PartChoice?

    @OptionGroup var work: WorkOptions

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let archive = try Archive(at: normalized(archive))
        var options = VerificationOptions(
            deep: deep, against: against, base: base, sample: sample?.value, seed: seed, threads: work.threads,
            memory: work.memory?.bytes)
        options.part = try part?.options().part
        let bar = ProgressBar(verb: "verifying", options: common)
        let chosen = options
        let range = steps?.range
        let result = try await Interruption.run {
            try await archive.verify(steps: range, options: chosen, progress: bar.handler)
        }
        bar.finish()
        for path in result.strangers { common.note("\(path) is not part of the archive; it may be moved elsewhere") }
        for step in result.uncommitted { common.note("step \(step) was never finished and does not count") }
        for step in result.pending { common.note(Self.said(step)) }
        try common.finish("verification", result) { print(result) }
        if !result.isIntact { throw ExitCode(ExitStatus.damaged) }
        if !result.differences.isEmpty { throw ExitCode(ExitStatus.failed) }
    }

    private func print(_ result: VerificationResult) {
        for finding in result.findings + result.differences {
            var line = finding.file ?? archive
            if let offset = finding.offset { line += ": at byte \(offset)" }
            if let tensor = finding.tensor { line += ": tensor \(tensor)" }
            Terminal.standardOutput.writeLine("\(line): \(finding.message)")
        }
        guard result.isIntact else {
            let good = result.steps.filter { !result.unrestorable.contains($0) }
            Terminal.standardOutput.writeLine(
                "damaged; steps that can still be restored: \(Self.list(good)); lost: \(Self.list(result.unrestorable))"
            )
            return
        }
        var line = "\(result.steps.count) \(result.steps.count == 1 ? "step" : "steps") intact"
        if let sampled = result.sampled {
            line += "; of them decoded and compared: \(sampled.tensors) of \(sampled.ofTensors) tensors, "
            line += "\(Units.bytes(sampled.bytes)) of \(Units.bytes(sampled.ofBytes)), seed \(sampled.seed)"
        } else if deep || against != nil {
            line += ", \(Units.count(result.tensorsDecoded, "tensor")) decoded and compared"
        }
        if let against {
            line += "; \(result.compared.count) compared with \(against), "
            line +=
                result.differences.isEmpty
                ? "no difference"
                : result.differences.count == 1 ? "1 difference" : "\(result.differences.count) differences"
        }
        common.say(line)
    }

    private static func said(_ step: VerificationResult.Pending) -> String {
        func parts(_ parts: [Int]) -> String { MissingParts(step: step.step, count: step.count, parts: parts).array }
        var line = "step \(step.step) is not committed: "
        line +=
            step.missing.isEmpty
            ? "all parts of \(step.count)" : "parts \(parts(step.missing)) of \(step.count) are missing"
        if !step.damaged.isEmpty { line += ", parts \(parts(step.damaged)) are damaged; run them again" }
        for contradiction in step.contradictions { line += "; \(contradiction)" }
        return line
    }

    private static func list(_ steps: [Int]) -> String {
        steps.isEmpty ? "none" : steps.map(String.init).joined(separator: ", ")
    }
}

/// `10%`, or `0.1`.
struct Share: ExpressibleByArgument, Sendable {
    /// Above 0, to 1.
    let value: Double

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? argument.dropLast() : argument[...]) else { return nil }
        value = isPercent ? number / 100 : number
        guard value > 0, value <= 1 else { return nil }
    }
}
