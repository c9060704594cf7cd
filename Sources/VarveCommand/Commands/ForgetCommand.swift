import ArgumentParser
import Varve

struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Drop steps of an archive, or their moments.",
        usage: """
            varve forget <archive> [--keep-last <n>] [--keep-every <k>] [<options>]
            varve forget <archive> --steps <steps> [<options>]
            varve forget <archive> --undo [--steps <steps>]
            """,
        discussion: """
            A step stays if a --keep rule holds or it is pinned; or, with --steps, if it is not named. Forgotten steps \
            are no longer listed, restored or added again. Their bytes stay, and --undo brings them back, until \
            `varve prune` (or --now). What other steps build on stays also then, and one step always. --moments-only \
            keeps each step's model.
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

    @Flag(name: [.customShort("n"), .long], help: "Say what would happen, and do nothing.")
    var dryRun = false

    @Flag(help: "Prune at once; nothing brings the steps back then.")
    var now = false

    @Flag(help: "Bring back what is forgotten and not pruned: all, or --steps.")
    var undo = false

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if undo, keepLast != nil || keepEvery != nil || momentsOnly || now || dryRun {
            throw ValidationError("--undo goes with --steps only")
        }
    }

    func run() throws {
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
        let result = try archive.forget(policy, prune: now, dryRun: dryRun, wait: wait)
        for notice in result.notices { common.note(notice) }
        try common.finish("forget", result) {
            if dryRun { ForgetPlan(result).lines.forEach { Terminal.standardOutput.writeLine($0) } }
            let count = "\(result.forgotten.count) \(result.forgotten.count == 1 ? "step" : "steps")"
            let what = momentsOnly ? "the moments of \(count)" : count
            let freed = Units.freed(result.freedBytes)
            common.say(
                dryRun
                    ? "would forget \(what); \(now ? "this" : "pruning then") would free \(freed)"
                    : now ? "forgot \(what), freed \(freed)" : "forgot \(what); `varve prune` would free \(freed)")
        }
    }
}
