import ArgumentParser
import CGlibc
import Glibc
import Varve

/// The command `varve`.
@main
struct VarveTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "varve",
        abstract: "Compresses the checkpoints of a training run, and restores any of them.",
        discussion: """
            A run is a directory with checkpoints. Its archive holds each step as what changed since the step before.

              varve compress out/            makes out.varve
              varve report out.varve         ratio per layer
              varve restore out.varve --step 500 --output restored

            Every command takes --json, for one document on standard output and errors as JSON on standard error, and \
            --json-lines, for progress as well.

            Exit codes:
            \(ExitStatus.table)
            """,
        version: VarveRelease.version,
        subcommands: [
            CompressCommand.self, WatchCommand.self, RestoreCommand.self, CatCommand.self, ReportCommand.self,
            ListCommand.self,
            VerifyCommand.self, ForgetCommand.self, PinCommand.self, PruneCommand.self, RepairCommand.self,
            CommitCommand.self, InspectCommand.self, BenchCommand.self, CompareCommand.self,
            ManualCommand.self,
        ])

    static func main() async {
        Self.holdStandardStreams()
        MemoryShortage.prepare()
        Interruption.install()
        Self.allowManyFiles()
        Self.keepFreedMemory()
        // Not even the program's name: the system did not tell.
        guard !CommandLine.arguments.isEmpty else {
            ExitStatus.failUsage("the arguments cannot be read; is /proc mounted?")
        }
        if let unknown = UsageAdvice.unknownCommand(Array(CommandLine.arguments.dropFirst())) {
            ExitStatus.failUsage(unknown)
        }
        do {
            var command = try parseAsRoot(LockOptions.separated(Array(CommandLine.arguments.dropFirst())))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            ExitStatus.end(0)
        } catch {
            ExitStatus.exit(with: error)
        }
    }

    /// Tensor after tensor takes buffers of about the same sizes: memory that was freed is used again instead of going
    /// back to the system page by page, which took a third of the time.
    private static func keepFreedMemory() {
        // One arena for all threads, grown and never shrunk: each thread would give its own back and fault it in again.
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, .max)
        askForHugePages()
    }

    /// Lets the arena's first gigabyte be of huge pages: of small ones there are hundreds of thousands, and where one costs
    /// more than its zeroing, in a virtual machine, they took a tenth of the time. Nothing of it is touched here, and a
    /// system that has no such pages, or so much room to promise, only goes on without.
    private static func askForHugePages() {
        let hugePage = 2 << 20, wanted = 1 << 30
        // Where addresses are counted (`ulimit -v`), threads and files need them as well.
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur == .max,
            let block = malloc(wanted)
        else { return }
        // Freed at once, but still the arena's: what is taken next is taken from there.
        defer { free(block) }
        let skipped = (hugePage - Int(bitPattern: block) % hugePage) % hugePage
        madvise(block + skipped, (wanted - skipped) / hugePage * hugePage, MADV_HUGEPAGE)
    }

    /// Whoever starts this may have closed one of the first three descriptors. A file that is opened would get its number,
    /// and be written to as if it were the terminal.
    private static func holdStandardStreams() {
        for descriptor in [Int32(0), 1, 2] where fcntl(descriptor, F_GETFD) < 0 {
            // Standard output in a way that cannot be written to, so that whoever writes there fails.
            _ = open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY)
        }
    }

    /// A checkpoint may have thousands of files, and all of them are open while it is read.
    private static func allowManyFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
