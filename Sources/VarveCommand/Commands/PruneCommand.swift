import ArgumentParser
import Varve

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Free the bytes of what was forgotten.",
        usage: "varve prune <archive> [<options>]",
        discussion: """
            A forgotten step that others build on keeps what they need of it and loses the rest. What is pruned cannot \
            be brought back.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Flag(name: [.customShort("n"), .long], help: "Say what would happen, and do nothing.")
    var dryRun = false

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func run() throws {
        let result = try Archive(at: normalized(archive)).prune(dryRun: dryRun, wait: lock.wait(common))
        try common.finish("prune", result) {
            if dryRun { ForgetPlan(result).lines.forEach { Terminal.standardOutput.writeLine($0) } }
            common.say((dryRun ? "would free " : "freed ") + Units.freed(result.freedBytes))
        }
    }
}
