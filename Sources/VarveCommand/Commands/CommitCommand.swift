import ArgumentParser
import Varve

struct CommitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Make steps visible that several workers compressed.",
        usage: "varve commit <archive> [<options>]",
        discussion: """
            `varve compress --part` leaves a part and a receipt of each step. The last worker commits by itself, unless \
            --no-commit keeps it from that. Exit code 3 where parts are missing.
            """)

    @Argument(help: "The archive.", completion: .directory)
    var archive: String

    @Flag(help: "Only say which parts are to be run; the last line is for Slurm's --array. With -q only that line.")
    var missing = false

    @Flag(help: "Remove the parts that cannot be committed. No worker may be at work.")
    var discard = false

    @OptionGroup var lock: LockOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if missing, discard { throw ValidationError("--missing and --discard are two things") }
    }

    func run() throws {
        let archive = try Archive(at: normalized(archive)), wait = lock.wait(common)
        let result =
            try missing
            ? archive.missingParts() : discard ? archive.discardParts(wait: wait) : archive.commit(wait: wait)
        try common.finish("commit", result) { say(result) }
        if !result.contradictions.isEmpty { throw ExitCode(1) }
        if !result.missing.isEmpty { throw ExitCode(ExitStatus.stepsSkipped) }
    }

    private func say(_ result: CommitResult) {
        for notice in result.notices { common.note(notice) }
        for contradiction in result.contradictions { Terminal.standardError.writeProse(contradiction) }
        for step in result.missing {
            let line = "step \(step.step): parts \(step.array) of \(step.count) are missing"
            if missing { common.say(line) } else { common.note(line) }
        }
        if missing {
            for count in Set(result.missing.map(\.count)).sorted() {
                let parts = Set(result.missing.filter { $0.count == count }.flatMap(\.parts)).sorted()
                Terminal.standardOutput.writeLine(MissingParts(step: 0, count: count, parts: parts).array)
            }
            return
        }
        if !result.discarded.isEmpty {
            common.say("removed the parts of \(result.discarded.map { "step \($0)" }.joined(separator: ", "))")
        }
        for step in result.waiting { common.note("step \(step) is complete and waits for a step before it") }
        common.say("\(Units.count(result.committed.count, "step")) committed")
    }
}
