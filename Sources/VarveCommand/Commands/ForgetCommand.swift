import ArgumentParser
import Varve

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Drop steps of an archive, or their moments.",
        usage: """
            varve forget <archive> [--keep-last <n>] [--keep-every <k>] [<options>]
            varve forget <archive> --steps <steps> [<options>]
            varve forget <archive> --rebase [<options>]
            varve forget <archive> --undo [--steps <steps>]
            """,
        discussion: """
            A step stays if a --keep rule holds or it is pinned; or, with --steps, if it is not named. Forgotten steps \
            are no longer listed, restored or added again. Their bytes stay, and --undo brings them back, until \
            `varve prune` (or --now). What other steps build on stays also then, and one step always. --moments-only \
            keeps each step's model.

            Steps that stay are mostly coded as changes of forgotten ones, so that little is freed. --rebase takes them \
            again, from what the archive restores: the first becomes a keyframe, the others build on it, and what came \
            before can go. Lossless archives restore the same bytes then. Else values are quantized once more, and the \
            command says by how much they change; what they were stays until `varve prune`. --rebase alone does it for \
            what is forgotten already; --dry-run says what is freed without and with it.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Option(help: ArgumentHelp("Keep the newest so many steps.", valueName: "n"))
    var keepLast: Int?

    @Option(help: ArgumentHelp("Keep steps whose number is a multiple.", valueName: "k"))
    var keepEvery: Int?

    @Option(help: ArgumentHelp("Forget these steps: 200-400,600, latest, checkpoint-800.", valueName: "steps"))
    var steps: StepSelection?

    @Flag(help: "Forget only first and second moments.")
    var momentsOnly = false

    @Flag(help: "Take steps again that stay and build on forgotten ones.")
    var rebase = false

    @Option(
        help: ArgumentHelp(
            "With --rebase: what --base named when the archive was made, a path or a model's name.", valueName: "base"))
    var base: String?

    @Flag(name: [.customShort("n"), .long], help: "Say what would happen, and do nothing.")
    var dryRun = false

    @Flag(help: "Prune at once; nothing brings the steps back then.")
    var now = false

    @Flag(help: "Bring back what is forgotten and not pruned: all, or --steps.")
    var undo = false

    @OptionGroup var work: WorkOptions

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if undo, keepLast != nil || keepEvery != nil || momentsOnly || now || dryRun || rebase {
            throw ValidationError("--undo goes with --steps only")
        }
        if rebase, momentsOnly {
            throw ValidationError("--rebase is for whole steps that are forgotten: leave out --moments-only")
        }
        if base != nil, !rebase { throw ValidationError("--base goes with --rebase only") }
    }

    func run() async throws {
        let archive = try Archive(at: normalized(archive)), wait = lock.wait(common)
        let named = try steps?.ranges(in: archive.path) ?? []
        if undo {
            let back = try archive.undoForget(named, wait: wait)
            return try common.finish("undo", ["steps": back]) {
                common.say(back.isEmpty ? "nothing to bring back" : "back: \(ForgetPlan.list(back))")
            }
        }
        let policy = ForgetPolicy(
            keepLast: keepLast, keepEvery: keepEvery, steps: named, momentsOnly: momentsOnly)
        let result: ForgetResult
        if rebase {
            result = try await rebased(archive, policy)
        } else {
            result = try archive.forget(policy, prune: now, dryRun: dryRun, wait: wait)
        }
        for notice in result.notices { common.note(notice) }
        try common.finish("forget", result) {
            if dryRun { ForgetPlan(result).lines.forEach { Terminal.standardOutput.writeLine($0) } }
            ForgetText(result: result, momentsOnly: momentsOnly).lines.forEach { common.say($0) }
        }
    }

    /// Forgets, and takes steps again.
    private func rebased(_ archive: Archive, _ policy: ForgetPolicy) async throws -> ForgetResult {
        let options = RebaseOptions(base: base, threads: work.threads, memory: work.memory?.bytes)
        let (now, dryRun, wait) = (now, dryRun, lock.wait(common))
        let bar = ProgressBar(verb: "rebasing", options: common) { steps, bytes in
            "\(Units.count(steps, "step")) to take again, \(Units.bytes(bytes))"
        } onFinished: {
            "taken again: " + CompressCommand.line($0, $1, $2)
        }
        let result = try await Interruption.run(saved: {
            "steps that were taken again stay so; the same command goes on"
        }) {
            try await archive.forget(
                policy, rebase: options, prune: now, dryRun: dryRun, wait: wait, progress: bar.handler)
        }
        bar.finish()
        return result
    }
}
