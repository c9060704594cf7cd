import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Any one manifest may be lost.
struct RepairTests {
    private static let run = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 4)

    /// An archive with every kind of manifest: four steps, a file of the run, a step that was forgotten and pruned.
    private func archive(_ shop: RunWorkshop) async throws -> String {
        try shop.write(Self.run.steps())
        try Trees.write(Array("notes".utf8), to: shop.path("run/notes.txt"))
        try await shop.compress()
        _ = try Forgetter(archive: shop.path("a.varve")).forget(ForgetPolicy(steps: [20...20]), prune: true)
        return shop.path("a.varve")
    }

    private func manifests(_ archive: String) throws -> [String] {
        try ArchiveLayout(archive).manifests().map(\.path)
    }

    @Test func anyOneManifestThatIsLostOrDamagedIsMadeAgain() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop)
        let before = try Trees.content(archive)
        let names = try manifests(archive)
        #expect(names.count >= 6)
        for name in names + ["manifests.parity"] {
            let path = Paths.join(archive, name)
            let bytes = try #require(before[name])
            for damaged in [nil, Array(bytes.dropLast()), bytes.enumerated().map { $0 == 30 ? $1 ^ 4 : $1 }, []] {
                if let damaged { try Trees.write(damaged, to: path) } else { try SystemCalls.unlink(path) }
                let found = try await Verifier(archive: archive).verify()
                // An archive of an older release has no parity.
                #expect(!found.isIntact || (name == "manifests.parity" && damaged == nil), "\(name)")
                #expect(try Repairer(archive: archive).repair(dryRun: true).lost.isEmpty)
                let result = try Repairer(archive: archive).repair()
                #expect(result.repaired == [name] && result.lost.isEmpty, "\(name): \(result)")
                #expect(try Trees.content(archive) == before)
            }
        }
        #expect(try await Verifier(archive: archive, deep: true).verify().isIntact)
        #expect(try Repairer(archive: archive).repair().repaired.isEmpty)
    }

    @Test func twoLostManifestsAreNamedAndNothingIsMadeUp() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop)
        let layout = ArchiveLayout(archive)
        for step in [10, 30] { try SystemCalls.unlink(layout.stepManifest(StepVersion(number: step))) }
        let before = try Trees.content(archive)
        let result = try Repairer(archive: archive).repair()
        #expect(result.repaired.isEmpty)
        #expect(
            Set(result.lost.map(\.file))
                == Set([10, 30].map { ArchiveLayout.relativeManifest(StepVersion(number: $0)) }))
        #expect(try Trees.content(archive) == before)
        let found = try await Verifier(archive: archive).verify()
        #expect(Set(found.findings.compactMap(\.step)).isSuperset(of: [10, 30]))
        #expect(found.unrestorable.contains(10) && found.unrestorable.contains(30) && found.uncommitted.isEmpty)
    }

    /// A writer would take the step's directory for unfinished work, and remove it.
    @Test func nothingIsWrittenWhileAManifestIsMissing() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop)
        try SystemCalls.unlink(ArchiveLayout(archive).stepManifest(StepVersion(number: 30)))
        let before = try Trees.content(archive)
        let error = await #expect(throws: VarveError.self) { try await shop.compress() }
        #expect(error?.code == .damaged && error?.message.contains("repair") == true)
        #expect(try Trees.content(archive) == before)
    }

    /// As after a kill between a manifest and what covers it, and for archives that never had it.
    @Test func whatLagsBehindIsBroughtUpToDateByTheNextWriter() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps()
        try shop.write(Array(steps.prefix(2)))
        try await shop.compress()
        let parity = ArchiveLayout(shop.path("a.varve")).parity
        let old = try Trees.bytes(parity)
        try shop.write(steps)
        try await shop.compress()
        let now = try Trees.bytes(parity)
        #expect(now != old)
        try Trees.write(old, to: parity)
        #expect(try await Verifier(archive: shop.path("a.varve")).verify().isIntact)
        try await shop.compress()
        #expect(try Trees.bytes(parity) == now)
        try SystemCalls.unlink(parity)
        try await shop.compress()
        #expect(try Trees.bytes(parity) == now)
    }
}
