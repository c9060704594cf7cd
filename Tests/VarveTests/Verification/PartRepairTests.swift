import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Damage costs nothing that a repair does not give back: one flipped byte anywhere, one damaged stretch of a part.
@Suite struct PartRepairTests {
    private static let run = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 4)

    /// Four steps of which one is forgotten and pruned, and a file of the run.
    private func archive(_ shop: RunWorkshop, _ method: CompressionOptions.Method) async throws -> String {
        try shop.write(Self.run.steps())
        try Trees.write(Array("notes".utf8), to: shop.path("run/notes.txt"))
        try await shop.compress("run", "a.varve", method)
        _ = try Forgetter(archive: shop.path("a.varve")).forget(ForgetPolicy(steps: [20...20]), prune: true)
        return shop.path("a.varve")
    }

    private func isParity(_ name: String) -> Bool { name.hasSuffix("0.parity") || name.hasSuffix("1.parity") }

    @Test(arguments: TestMethods.chains)
    func aFlippedByteAnywhereIsRepaired(method: CompressionOptions.Method) async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop, method)
        let before = try Trees.content(archive)
        #expect(before.keys.filter(isParity).count == 5)
        var random = SplitMix64(seed: 17), count = 0
        for (name, bytes) in before.sorted(by: { $0.key < $1.key }) {
            let path = Paths.join(archive, name)
            for position in bytes.indices where position < 20 || position + 20 > bytes.count || position % 23 == 0 {
                var damaged = bytes
                damaged[position] ^= UInt8(truncatingIfNeeded: random.next() % 255) + 1
                try Trees.write(damaged, to: path)
                let result = try Repairer(archive: archive).repair()
                #expect(result.lost.isEmpty, "\(name), byte \(position): \(result.lost)")
                #expect(result.repaired + result.mended.map(\.file) == [name] && result.added.isEmpty)
                if let mended = result.mended.first { #expect(mended.offset == position && mended.bytes == 1) }
                #expect(try Trees.content(archive) == before, "\(name), byte \(position)")
                count += 1
            }
        }
        #expect(count > 500)
        #expect(try await Verifier(archive: archive, deep: true).verify().isIntact)
    }

    @Test func verifyAndRestoreSayWhatARepairDoes() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop, .lossless)
        let before = try Trees.content(archive)
        let name = "steps/000000000010/0000.part", path = Paths.join(archive, name)
        let bytes = try #require(before[name])
        func messages() async throws -> [String] {
            try await Verifier(archive: archive).verify().findings.filter { $0.file == path }.map(\.message)
        }
        func restoring() async -> VarveError? {
            await #expect(throws: VarveError.self) {
                try await Restorer(archive: archive, options: RestoreOptions(selection: .step(40)))
                    .restore(to: shop.path("out"))
            }
        }
        for damaged in [bytes.enumerated().map { $0 == 100 ? $1 ^ 1 : $1 }, Array(bytes.dropLast()), bytes + [1]] {
            try Trees.write(damaged, to: path)
            let found = try await messages()
            #expect(!found.isEmpty && found.allSatisfy { $0.hasSuffix("; `Archive.repair` mends it") }, "\(found)")
            #expect(await restoring()?.message.hasSuffix("; `Archive.repair` may mend it") == true)
            let planned = try Repairer(archive: archive).repair(dryRun: true)
            #expect(planned.mended.map(\.file) == [name])
            #expect(try Trees.bytes(path) == damaged)
        }
        // More than can be mended.
        let ruined = bytes.enumerated().map { $0 % 50 == 20 ? $1 ^ 1 : $1 }
        try Trees.write(ruined, to: path)
        #expect(try await messages().allSatisfy { $0.hasSuffix("; more is damaged than `Archive.repair` can mend") })
        let result = try Repairer(archive: archive).repair()
        #expect(result.lost.map(\.file) == [name] && result.mended.isEmpty && result.repaired.isEmpty)
        #expect(try Trees.bytes(path) == ruined)
        // Without a parity nothing is promised.
        try SystemCalls.unlink(ArchiveLayout.parityName(of: path))
        #expect(try await messages().allSatisfy { $0.hasSuffix("do not match their checksum") })
        #expect(try Repairer(archive: archive).repair().lost.map(\.file) == [name])
    }

    /// Archives of older releases.
    @Test func partsWithoutParityAreFineAndGetOne() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop, TestMethods.transform)
        let before = try Trees.content(archive)
        let names = before.keys.filter(isParity).sorted()
        for name in names { try SystemCalls.unlink(Paths.join(archive, name)) }
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact && verified.strangers.isEmpty)
        #expect(try Repairer(archive: archive).repair(dryRun: true).added.sorted() == names)
        let result = try Repairer(archive: archive).repair()
        #expect(result.added.sorted() == names && result.repaired.isEmpty && result.lost.isEmpty)
        #expect(try Trees.content(archive) == before)
        #expect(try Repairer(archive: archive).repair().added.isEmpty)
        // A damaged part without parity gets none.
        let part = Paths.join(archive, "steps/000000000010/0000.part")
        try SystemCalls.unlink(ArchiveLayout.parityName(of: part))
        let bytes = try Trees.bytes(part)
        try Trees.write(bytes.enumerated().map { $0 == 90 ? $1 ^ 1 : $1 }, to: part)
        #expect(try Repairer(archive: archive).repair().lost.count == 1)
        #expect(!(try Trees.content(archive)).keys.contains("steps/000000000010/0000.parity"))
    }

    /// As after a copy that mixed up two archives.
    @Test func theParityOfAnotherPartHarmsNothing() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop, TestMethods.transform)
        let before = try Trees.content(archive)
        let other = try #require(before["steps/000000000010/0000.parity"])
        try Trees.write(other, to: Paths.join(archive, "steps/000000000040/0000.parity"))
        let result = try Repairer(archive: archive).repair()
        #expect(result.repaired == ["steps/000000000040/0000.parity"] && result.mended.isEmpty && result.lost.isEmpty)
        #expect(try Trees.content(archive) == before)
    }

    @Test func prunedAndReplacedPartsTakeTheirParityAlong() async throws {
        let shop = RunWorkshop()
        let archive = try await archive(shop, TestMethods.transform)
        func names() throws -> [String] { try Trees.content(archive).keys.sorted() }
        for name in try names() where name.hasSuffix(".part") {
            #expect(try names().contains(ArchiveLayout.parityName(of: name)), "\(name)")
        }
        #expect(try names().filter(isParity).count == names().filter { $0.hasSuffix(".part") }.count)
        // The run's part is written again under the other name.
        try Trees.write(Array("more notes".utf8), to: shop.path("run/notes.txt"))
        try await shop.compress()
        #expect(try names().filter { $0.hasPrefix("run-") } == ["run-0001.parity", "run-0001.part"])
        let plan = try Forgetter(archive: archive).forget(ForgetPolicy(steps: [10...30]), prune: true)
        #expect(plan.freedBytes > 0)
        #expect(try names().filter(isParity).count == names().filter { $0.hasSuffix(".part") }.count)
        let result = try await Verifier(archive: archive, deep: true).verify()
        #expect(result.isIntact && result.strangers.isEmpty)
        #expect(try Repairer(archive: archive).repair().added.isEmpty)
    }
}
