import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// What damage costs, record by record.
@Suite struct DamageByRecordTests {
    let workshop = RunWorkshop()
    var archive: String { workshop.path("a.varve") }

    private func make(_ method: CompressionOptions.Method = TestMethods.transform) async throws {
        try workshop.write(DriftingRun([.init("a", [16, 24]), .init("b", [20])], steps: 4).steps())
        try await workshop.compress("run", "a.varve", method, threads: 1)
    }

    /// Damages a record; which steps verify calls lost are exactly those that cannot be restored.
    private func expectLost(_ lost: [Int], damaging step: Int, _ pick: (StepManifest) -> RecordLocation?) async throws {
        let manifest = try ArchiveReader(archive).manifest(step)
        let location = try #require(pick(manifest))
        let part = ArchiveLayout(archive).stepPart(StepVersion(number: step), manifest.parts[location.part].name)
        let bytes = try Trees.bytes(part)
        var damaged = bytes
        damaged[Int(location.offset)] ^= 1
        try Trees.write(damaged, to: part)
        let verified = try await Verifier(archive: archive, threads: 1).verify()
        #expect(verified.unrestorable == lost && verified.findings.map(\.step) == [step])
        for number in verified.steps {
            let output = workshop.path("out")
            try Directories.remove(output)
            let restorer = Restorer(
                archive: archive, options: RestoreOptions(selection: .step(number), threads: 1))
            if lost.contains(number) {
                await #expect(throws: VarveError.self) { try await restorer.restore(to: output) }
            } else {
                try await restorer.restore(to: output)
            }
        }
        try Trees.write(bytes, to: part)
    }

    @Test func momentsOfAChainHarmTheirOwnStepOnly() async throws {
        try await make()
        try await expectLost([20], damaging: 20) { $0.quantizedGroups.first?.moments }
        try await expectLost([20, 30, 40], damaging: 20) { $0.quantizedGroups.first?.weights }
        try await expectLost([40], damaging: 40) { $0.quantizedGroups.first?.weights }
    }

    @Test func packsHarmWhatIsCodedAgainstThem() async throws {
        try await make(TestMethods.lossless)
        try await expectLost([20, 30, 40], damaging: 20) { $0.losslessGroups.first }
        try await expectLost([40], damaging: 40) { $0.losslessGroups.first }
    }

    @Test func aSampleIsTheSameAgainAndAnotherWithAnotherSeed() async throws {
        try workshop.write(DriftingRun((0..<12).map { .init("p\($0)", [8, 8]) }, steps: 2).steps())
        try await workshop.compress("run", "a.varve", TestMethods.lossless)
        func coverage(_ share: Double, _ seed: UInt64) async throws -> Verifier.Result.Coverage {
            let result = try await Verifier(archive: archive, sample: share, seed: seed).verify()
            let sampled = try #require(result.sampled)
            #expect(result.isIntact && result.tensorsDecoded == sampled.tensors)
            return sampled
        }
        let first = try await coverage(0.3, 1), again = try await coverage(0.3, 1)
        #expect(first.tensors == again.tensors && first.bytes == again.bytes)
        #expect(first.tensors > 0 && first.tensors < first.ofTensors && first.ofTensors == 72)
        var others = Set<Int>()
        for seed in 2..<6 { others.insert(try await coverage(0.3, UInt64(seed)).tensors) }
        #expect(others != [first.tensors])
        let all = try await coverage(1, 1)
        #expect(all.tensors == all.ofTensors && all.bytes == all.ofBytes)
    }
}
