import ArgumentParser
import Varve

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Mend damage.",
        usage: "varve repair <archive> [<options>]",
        discussion: """
            Any one lost or damaged manifest is made again from the others and manifests.parity. Parts, which hold \
            tensors and payload, are mended from the parity beside each: a damaged stretch as long as a disk's sector \
            (4 KiB) in parts of 1 MiB and more, shorter ones in smaller parts. Bytes come back exactly or not at all. \
            Sound parts of older releases get their parity. The whole archive is read. Exit code 12 where something \
            stays lost.
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
            for part in result.mended { common.say("\(part.file): \(said(part))") }
            for path in result.added { common.say("\(path): \(dryRun ? "can be added" : "added")") }
            for lost in result.lost { Terminal.standardOutput.writeLine("\(lost.file): lost: \(lost.reason)") }
            if result.repaired.isEmpty, result.mended.isEmpty, result.added.isEmpty, result.lost.isEmpty {
                common.say("nothing to repair")
            }
        }
        if !result.lost.isEmpty { throw ExitCode(ExitStatus.damaged) }
    }

    private func said(_ part: RepairResult.Mended) -> String {
        let done = dryRun ? "can be mended" : "mended"
        guard part.bytes > 0 else { return "\(done): its size was wrong, or it could not be read" }
        return "\(done): \(Units.count(part.bytes, "byte")), the first at \(part.offset)"
    }
}
