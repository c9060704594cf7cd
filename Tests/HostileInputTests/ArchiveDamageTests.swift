import HostileInput
import Testing
import VarveTestSupport

@Suite struct ArchiveDamageTests {
    /// A sample of what `make mutate` does with every byte.
    @Test(arguments: SmallArchive.allCases) func damageIsFoundAndNeverRestored(archive: SmallArchive) async throws {
        let directory = try TemporaryDirectory(), scratch = try TemporaryDirectory()
        let made = try await archive.make(in: directory.path)
        let damage = try await ArchiveDamage(archive: made.archive, base: made.base, scratch: scratch.path)
        let outcome = try await damage.run(.every(997, seed: 11))
        #expect(outcome.changes > 20 && outcome.cuts > 0 && outcome.decoded + outcome.refused > 60)
        #expect(outcome.repaired > 20)
    }
}
