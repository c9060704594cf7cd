import Dispatch
import Glibc
import HostileInput
import VarveTestSupport

/// Damages the small archives in every way: `Mutation [--every N] [ARCHIVE...]`, all of them where none is named.
func fail(_ message: String) -> Never {
    "\(message)\n".withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    exit(1)
}

var extent = ArchiveDamage.Extent.all
var names = Array(CommandLine.arguments.dropFirst())
if names.first == "--every", names.count > 1, let count = Int(names[1]), count > 0 {
    extent = .every(count, seed: 1)
    names.removeFirst(2)
}
let archives = names.isEmpty ? SmallArchive.allCases : names.compactMap(SmallArchive.init(rawValue:))
guard archives.count == (names.isEmpty ? archives.count : names.count) else {
    fail("there are \(SmallArchive.allCases.map(\.rawValue).joined(separator: ", "))")
}
do {
    for archive in archives {
        let directory = try TemporaryDirectory(), scratch = try TemporaryDirectory()
        let begin = DispatchTime.now()
        let made = try await archive.make(in: directory.path)
        let damage = try await ArchiveDamage(archive: made.archive, base: made.base, scratch: scratch.path)
        let outcome = try await damage.run(extent)
        guard outcome.memoryGrowth < ArchiveDamage.memoryLimit else {
            fail("\(archive.rawValue): damage cost \(outcome.memoryGrowth) bytes of memory")
        }
        let seconds = (DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds) / 1_000_000_000
        print(
            """
            \(archive.rawValue): \(outcome.bytes) bytes, \(outcome.changes) changes and \(outcome.cuts) cuts, all found; \
            steps decoded as they were \(outcome.decoded), refused \(outcome.refused), doubted \(outcome.doubted); \
            \(outcome.restores) restores, \(outcome.restored) as they were, the others refused; \
            \(outcome.repaired) repaired, each to what it was; \
            memory +\(outcome.memoryGrowth >> 20) MiB; \(seconds) s
            """)
    }
} catch { fail("\(error)") }
