import ArgumentParser
import Varve

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Make a lost or damaged manifest again.",
        usage: "varve repair <archive> [<options>]",
        discussion: """
            Any one manifest is made again from the others and manifests.parity, byte for byte. Tensors and payload are \
            not stored twice: verify says which steps damaged ones cost. Exit code 12 where something stays lost.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Flag(name: [.customShort("n"), .long], help: "Say what would happen, and do nothing.")
    var dryRun = false

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func run() throws {
        let result = try Archive(at: normalized(archive)).repair(dryRun: dryRun, wait: lock.wait(common))
        try common.finish("repair", result) {
            for path in result.repaired { common.say("\(path): \(dryRun ? "can be made again" : "made again")") }
            for lost in result.lost { Terminal.standardOutput.writeLine("\(lost.file): lost: \(lost.reason)") }
            if result.repaired.isEmpty, result.lost.isEmpty { common.say("nothing to repair") }
        }
        if !result.lost.isEmpty { throw ExitCode(ExitStatus.damaged) }
    }
}
