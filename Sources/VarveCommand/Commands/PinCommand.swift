import ArgumentParser
import Varve

struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Protect steps from being forgotten.",
        usage: "varve pin <archive> [--steps <steps>] [--remove]",
        discussion: "Without --steps it lists what is pinned.")

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Option(help: ArgumentHelp("The steps: 200-400,600, latest, checkpoint-800.", valueName: "steps"))
    var steps: StepSelection?

    @Flag(help: "Protect them no longer.")
    var remove = false

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if remove, steps == nil { throw ValidationError("--remove needs --steps") }
    }

    func run() throws {
        let archive = try Archive(at: normalized(archive)), wait = lock.wait(common)
        let pinned: [Int]
        if let ranges = try steps?.ranges(in: archive.path) {
            pinned = try remove ? archive.unpin(ranges, wait: wait) : archive.pin(ranges, wait: wait)
        } else {
            pinned = try archive.pinned
        }
        try common.finish("pins", ["steps": pinned]) {
            Terminal.standardOutput.writeLine(
                pinned.isEmpty ? "nothing is pinned" : "pinned: \(ForgetPlan.list(pinned))")
        }
    }
}
