import Foundation
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Exit 0 without a word means that all of the run is in the archive, and `verify --against` finds what is not.
@Suite struct RunCoverageTests {
    let workshop = RunWorkshop()

    private func file(_ seed: Int) -> [UInt8] {
        var random = SplitMix64(seed: UInt64(seed))
        let values = (0..<64).flatMap { _ in LittleEndianBytes.of((Float(random.next() % 1000) / 7).bitPattern) }
        return SafetensorsMaker.file([TestTensor("w", shape: [8, 8], bytes: values)])
    }

    private func writeStep(_ number: Int, seed: Int, in run: String = "run") throws {
        let folder = workshop.path("\(run)/checkpoint-\(number)")
        try Trees.write(file(seed), to: folder + "/model.safetensors")
        try Trees.write(Array("{\"global_step\": \(number)}".utf8), to: folder + "/trainer_state.json")
    }

    private func compress(_ run: String = "run", steps: [ClosedRange<Int>]? = nil) async throws -> CompressionResult {
        try await Compressor(
            run: workshop.path(run), archive: workshop.path("a.varve"),
            options: CompressionOptions(method: .lossless, steps: steps)
        ).compress()
    }

    private func verify(_ run: String = "run") async throws -> Verifier.Result {
        try await Verifier(archive: workshop.path("a.varve"), against: workshop.path(run)).verify()
    }

    @Test func stepsThatTheArchiveLacksAreNamed() async throws {
        for step in [10, 20, 30] { try writeStep(step, seed: step) }
        let result = try await compress(steps: [10...10])
        #expect(result.missing.map(\.step) == [20, 30] && result.isAsAsked)
        let verified = try await verify()
        #expect(verified.isIntact && verified.compared == [10])
        #expect(verified.differences.map(\.step) == [20, 30])
    }

    @Test(arguments: ["empty", "other", "a.varve"])
    func nothingComparedIsADifference(against: String) async throws {
        try writeStep(10, seed: 1)
        try Directories.create(workshop.path("empty"))
        try writeStep(70, seed: 1, in: "other")
        _ = try await compress()
        let verified = try await verify(against)
        #expect(verified.compared.isEmpty && !verified.differences.isEmpty)
    }

    @Test func filesThatAreLeftOutAreNamed() async throws {
        try writeStep(10, seed: 1)
        let large = workshop.path("run/large.bin")
        try Trees.write([1], to: large)
        #expect(truncate(large, 65 << 20) == 0)
        let result = try await compress()
        #expect(result.missing.map(\.path) == ["large.bin"] && !result.isAsAsked)
        #expect(try await verify().differences.map(\.file) == [large])
    }

    @Test func filesThatCameLaterAreNamed() async throws {
        try writeStep(10, seed: 1)
        _ = try await compress()
        try Trees.write([7], to: workshop.path("run/checkpoint-10/new.txt"))
        try Trees.write([7], to: workshop.path("run/logs/a/b.txt"))
        let files = try await verify().differences.compactMap(\.file)
        #expect(files == ["checkpoint-10/new.txt", "logs"].map { workshop.path("run/" + $0) })
    }

    /// Nothing behind a link to a directory elsewhere is read, so that is no whole checkpoint.
    @Test(arguments: ["checkpoint-10/model", "checkpoint-20"])
    func whatLiesBehindADirectoryLinkIsNamed(link: String) async throws {
        try writeStep(10, seed: 1)
        try Trees.write(file(2), to: workshop.path("elsewhere/model.safetensors"))
        try SystemCalls.symbolicLink(target: workshop.path("elsewhere"), at: workshop.path("run/" + link))
        let result = try await compress()
        #expect(result.missing.map(\.path) == [link] && !result.isAsAsked)
        #expect(try await verify().differences.map(\.file) == [workshop.path("run/" + link)])
    }

    @Test func directoriesThatAreTooDeepAreNamed() async throws {
        try writeStep(10, seed: 1)
        let deep = "run/logs" + String(repeating: "/d", count: 80)
        try Trees.write([1], to: workshop.path(deep + "/file"))
        let result = try await compress()
        #expect(result.missing.count == 1 && !result.isAsAsked)
        #expect(try await verify().differences.count == 1)
    }

    /// What is only named like an archive is the run's.
    @Test func aDirectoryThatIsOnlyNamedLikeAnArchiveIsKept() async throws {
        try writeStep(10, seed: 1)
        try Trees.write([1], to: workshop.path("run/checkpoint-10/old.varve/steps/x.txt"))
        #expect(try await compress().missing.isEmpty)
        #expect(try await verify().differences.isEmpty)
        #expect(try await workshop.restore().keys.contains("checkpoint-10/old.varve/steps/x.txt"))
    }

    @Test func whatWasNotAskedForIsNamedAllTheSame() async throws {
        try writeStep(10, seed: 1)
        try Trees.write([1], to: workshop.path("run/log.txt"))
        let result = try await Compressor(
            run: workshop.path("run"), archive: workshop.path("a.varve"),
            options: CompressionOptions(method: .lossless, extras: .none)
        ).compress()
        #expect(result.missing.map(\.path) == ["log.txt"] && result.isAsAsked)
    }

    @Test func whatLiesBesideSeveralRunsIsNamed() throws {
        try writeStep(10, seed: 1, in: "runs/a")
        try writeStep(10, seed: 2, in: "runs/b")
        for file in ["notes.txt", "logs/x"] { try Trees.write([1], to: workshop.path("runs/" + file)) }
        let root = workshop.path("runs")
        let outside = try RunCoverage.outside(of: try RunDirectories.list(root), under: root)
        #expect(outside.map(\.path) == ["logs", "notes.txt"])
        #expect(try RunCoverage.outside(of: [root], under: root).isEmpty)
    }

    @Test func aStepThatWasWrittenAgainIsSkippedWithTheWayOut() async throws {
        for step in [10, 20] { try writeStep(step, seed: step) }
        _ = try await compress()
        try writeStep(20, seed: 99)
        let result = try await compress()
        #expect(result.skipped.map(\.path) == ["checkpoint-20"] && !result.isAsAsked)
        #expect(result.skipped[0].reason.contains("`replaces`"))
    }

    @Test func filesThatCameLaterAreNamedOfTheStepsThatAreAskedFor() async throws {
        for step in [10, 20] { try writeStep(step, seed: step) }
        _ = try await compress()
        for step in [10, 20] { try Trees.write([7], to: workshop.path("run/checkpoint-\(step)/new.txt")) }
        let verified = try await Verifier(archive: workshop.path("a.varve"), against: workshop.path("run"))
            .verify(steps: 20...20)
        #expect(verified.differences.compactMap(\.file) == [workshop.path("run/checkpoint-20/new.txt")])
    }

    /// What cannot be compared any more keeps no new step out.
    @Test func aDamagedStepWhoseFilesWereTouchedStopsNothing() async throws {
        let steps = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 3).steps()
        try workshop.write(Array(steps.prefix(2)))
        try await workshop.compress(keyframeInterval: 1)
        let parts = try workshop.parts("a.varve").keys.sorted()
        let part = workshop.path("a.varve/" + (try #require(parts.first)))
        var bytes = try Trees.bytes(part)
        bytes[bytes.count / 2] ^= 1
        try Trees.overwrite(bytes, at: part)
        try workshop.write(steps)
        let result = try await workshop.compress(keyframeInterval: 1)
        #expect(result.added == [steps[2].number])
        #expect(result.skipped.map(\.path) == [RunWorkshop.fileName(steps[0].number)])
    }

    @Test func aStepWithoutItsMomentsWhoseFilesWereTouchedStopsNothing() async throws {
        let run = workshop.path("run"), archive = workshop.path("a.varve")
        try FileManager.default.copyItem(atPath: Fixture.trainerRun, toPath: run)
        _ = try await Compressor(run: run, archive: archive).compress()
        _ = try Forgetter(archive: archive).forget(.init(steps: [400...400], momentsOnly: true), prune: true)
        for path in try Trees.content(run).keys where path.hasPrefix("checkpoint-400/") {
            try SystemCalls.setModificationTime(Paths.join(run, path), nanoseconds: 1_700_000_000_000_000_000)
        }
        let result = try await Compressor(run: run, archive: archive).compress()
        #expect(result.skipped.isEmpty && result.isAsAsked)
        #expect(result.missing.map(\.step) == [400])
    }

    @Test func aRunThatWasCopiedIsTheSame() async throws {
        for step in [10, 20] { try writeStep(step, seed: step) }
        _ = try await compress()
        for step in [10, 20] { try writeStep(step, seed: step) }
        let result = try await compress()
        #expect(result.skipped.isEmpty && result.isAsAsked && result.missing.isEmpty)
    }

    @Test func aLinkedFileComesBackAsAFile() async throws {
        try Trees.write(file(5), to: workshop.path("store/blob"))
        try writeStep(10, seed: 5)
        try SystemCalls.unlink(workshop.path("run/checkpoint-10/model.safetensors"))
        try SystemCalls.symbolicLink(
            target: workshop.path("store/blob"), at: workshop.path("run/checkpoint-10/model.safetensors"))
        #expect(try await compress().isAsAsked)
        #expect(try await verify().differences.isEmpty)
        let output = workshop.path("back")
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all)).restore(
            to: output)
        #expect(try Trees.content(output)["checkpoint-10/model.safetensors"] == file(5))
    }

    @Test func filesOfOthersInTheArchiveAreNoDamage() async throws {
        try writeStep(10, seed: 1)
        _ = try await compress()
        try Trees.write([1], to: workshop.path("a.varve/notes.txt"))
        let verified = try await Verifier(archive: workshop.path("a.varve")).verify()
        #expect(verified.isIntact && verified.strangers == [workshop.path("a.varve/notes.txt")])
    }

    /// Whatever happens to a run between calls: where nothing is said, everything comes back.
    @Test(arguments: 0..<10)
    func silenceMeansThatEverythingComesBack(seed: Int) async throws {
        var random = SplitMix64(seed: UInt64(seed + 100))
        var next = 10, silent = 0
        for _ in 0..<3 {
            try writeStep(next, seed: next)
            next += 10
        }
        for round in 0..<8 {
            if round > 0 { try harm(&random, &next, round) }
            let result = try await compress()
            let isSilent = result.isAsAsked && result.missing.isEmpty && result.skipped.isEmpty
            let output = workshop.path("back-\(round)")
            try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all))
                .restore(to: output)
            let differs = try lacking(output)
            if isSilent {
                silent += 1
                #expect(differs.isEmpty, "round \(round): \(differs)")
            }
            let verified = try await verify()
            // What the run has lost is a difference too, and comes back.
            if !differs.isEmpty { #expect(!verified.differences.isEmpty, "round \(round): \(differs)") }
            try Directories.remove(output)
        }
        #expect(silent > 0)
    }

    /// Paths of the run that did not come back, or with other bytes.
    private func lacking(_ output: String) throws -> [String] {
        let restored = try Trees.content(output)
        var found: [String] = []
        for path in try Trees.content(workshop.path("run")).keys {
            let full = workshop.path("run/" + path)
            let isLink = try FileIdentity(path: full).kind == .symbolicLink
            let content = isLink && !path.hasPrefix("checkpoint-") ? nil : try? Trees.bytes(full)
            let wanted = try content ?? Array("-> \(try SystemCalls.readSymbolicLink(full))".utf8)
            if restored[path] != wanted { found.append(path) }
        }
        return found.sorted()
    }

    private func harm(_ random: inout SplitMix64, _ next: inout Int, _ round: Int) throws {
        let steps = try SystemCalls.list(workshop.path("run")).filter { $0.hasPrefix("checkpoint-") }.sorted()
        let some = steps.isEmpty ? "checkpoint-10" : steps[Int(random.next() % UInt64(steps.count))]
        let model = workshop.path("run/\(some)/model.safetensors")
        switch random.next() % 8 {
        case 0, 1:
            try writeStep(next, seed: next)
            next += 10
        case 2 where steps.count > 1: try Directories.remove(workshop.path("run/\(some)"))
        case 3 where FileManager.default.fileExists(atPath: model):
            try Trees.overwrite(Array(try Trees.bytes(model).dropLast(40)), at: model)
        case 4: try writeStep(Int(some.dropFirst(11)) ?? 10, seed: Int(random.next() % 1000))
        case 5: try Trees.write([UInt8(round)], to: workshop.path("run/logs/\(random.next() % 3).txt"))
        case 6:
            try Trees.write(file(next), to: workshop.path("store/\(next)"))
            try writeStep(next, seed: next)
            let link = workshop.path("run/checkpoint-\(next)/model.safetensors")
            try SystemCalls.unlink(link)
            try SystemCalls.symbolicLink(target: workshop.path("store/\(next)"), at: link)
            next += 10
        default: try? SystemCalls.unlink(workshop.path("run/\(some)/trainer_state.json"))
        }
    }
}

/// Archives and restored checkpoints lie where they harm nothing and are not harmed.
@Suite struct ArchiveLocationTests {
    let workshop = RunWorkshop()

    private func refusal(run: String, archive: String) async throws -> VarveError? {
        do throws(VarveError) {
            _ = try await Compressor(run: run, archive: archive).compress()
            return nil
        } catch {
            return error
        }
    }

    private func makeRun() throws {
        try Trees.write(
            SafetensorsMaker.file([TestTensor("w", shape: [2], bytes: [UInt8](repeating: 1, count: 8))]),
            to: workshop.path("run/ckpt_1.safetensors"))
    }

    @Test(arguments: ["s3://bucket/run.varve", "gs://b/x", "hf://user/name"])
    func addressesOfObjectStoresAreNoDirectories(position: String) async throws {
        try makeRun()
        #expect(try await refusal(run: workshop.path("run"), archive: position)?.code == .usage)
    }

    @Test func anArchiveLiesNeitherInItsRunNorInAnother() async throws {
        try makeRun()
        #expect(try await refusal(run: workshop.path("run"), archive: workshop.path("run/a.varve"))?.code == .usage)
        #expect(try await refusal(run: workshop.path("run"), archive: workshop.path("a.varve")) == nil)
        #expect(try await refusal(run: workshop.path("run"), archive: workshop.path("a.varve/b/c"))?.code == .usage)
        let restorer = Restorer(
            archive: workshop.path("a.varve"), options: RestoreOptions(selection: .latest, overwrite: true))
        for output in ["a.varve", "a.varve/steps"] {
            await #expect(throws: VarveError.self) { try await restorer.restore(to: workshop.path(output)) }
        }
        #expect(try await Verifier(archive: workshop.path("a.varve"), deep: true).verify().strangers.isEmpty)
    }

    @Test func theDirectoryItselfHasAName() throws {
        #expect(ArchiveLocation.beside("runs/out") == "runs/out.varve")
        let name = Paths.split(FileManager.default.currentDirectoryPath).name
        #expect(ArchiveLocation.beside(".") == "../\(name).varve")
    }
}
