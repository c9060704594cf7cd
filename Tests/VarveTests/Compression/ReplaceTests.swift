import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// A step that is taken again replaces the one before; whatever builds on that one restores as it did.
@Suite struct ReplaceTests {
    let workshop = RunWorkshop()

    var archive: String { workshop.path("a.varve") }

    /// One step of a training: some tensors stand still, so that later steps refer to earlier ones.
    private func write(_ index: Int, training: UInt64) throws {
        let drift = DriftingRun(
            [.init("a", [24, 32]), .init("b", [40]), .init("c", [16, 8])], steps: 8, seed: training)
        let number = DriftingRun.number(index)
        var model: [TestTensor] = [], states: [[TestTensor]] = []
        for (position, (shape, now)) in zip(drift.shapes, drift.values[index]).enumerated() {
            let weight = shape.name == "b" ? drift.values[min(index, 1)][position].weight : now.weight
            let first = shape.name == "c" ? drift.values[0][position].first : now.first
            model.append(TestTensor(shape.name, shape: shape.shape, floats: weight))
            states.append([
                TestTensor("exp_avg", shape: shape.shape, floats: first),
                TestTensor("exp_avg_sq", shape: shape.shape, floats: now.second),
            ])
        }
        let directory = workshop.path("run/checkpoint-\(number)")
        var random = SplitMix64(seed: training)
        let shared = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        try Trees.write(SafetensorsMaker.file(model, metadata: []), to: directory + "/model.safetensors")
        try Trees.write(
            TrainingStep(number: number, model: model, states: states).optimizerFile(), to: directory + "/optimizer.pt")
        try Trees.write(Array("{\"global_step\": \(number)}".utf8), to: directory + "/trainer_state.json")
        try Trees.write(shared, to: directory + "/shared.bin")
    }

    private func compress(
        _ method: CompressionOptions.Method = .lossless, replaces: Bool = true
    ) async throws -> CompressionResult {
        var options = CompressionOptions(method: method, keyframeInterval: 4, threads: 1)
        options.replaces = replaces
        return try await Compressor(run: workshop.path("run"), archive: archive, options: options).compress()
    }

    private func restored(_ step: Int, replaced: Bool = false) async throws -> [String: [UInt8]] {
        let output = workshop.path("out")
        try Directories.remove(output)
        var options = RestoreOptions(selection: .step(step), threads: 1)
        options.replaced = replaced
        try await Restorer(archive: archive, options: options).restore(to: output)
        return try Trees.content(output)
    }

    private func expectIntact() async throws {
        let verified = try await Verifier(archive: archive, deep: true, threads: 1).verify()
        #expect(verified.isIntact && verified.unrestorable == [] && verified.strangers == [], "\(verified.findings)")
        let report = try Reporter(archive: archive).report()
        #expect(try report.total.storedBytes == UInt64(ArchiveSize.of(archive)))
    }

    @Test(arguments: [CompressionOptions.Method.lossless, .transform(.init()), .excp(.init())])
    func theNewStepIsThereAndTheOldOneUntilPrune(method: CompressionOptions.Method) async throws {
        for index in 0..<5 { try write(index, training: 1) }
        _ = try await compress(method)
        let (second, third, last) = (DriftingRun.number(1), DriftingRun.number(2), DriftingRun.number(4))
        let before = try await (restored(second), restored(third), restored(last))
        try write(1, training: 2)

        let kept = try await compress(method, replaces: false)
        #expect(kept.skipped.count == 1 && !kept.isAsAsked)
        let result = try await compress(method)
        #expect(result.replaced == [second] && result.added == [second] && result.isAsAsked)
        try await expectIntact()
        let now = try await restored(second)
        let original = try Trees.content(workshop.path("run/checkpoint-\(second)"))
        #expect(method != .lossless || now == original)
        #expect(now != before.0)
        #expect(try await restored(second, replaced: true) == before.0)
        let later = try await (restored(third), restored(last))
        #expect(later == (before.1, before.2))
        // Nothing is left to do.
        #expect(try await compress(method).added.isEmpty)

        _ = try Forgetter(archive: archive).prune()
        try await expectIntact()
        let pruned = try await (restored(second), restored(third), restored(last))
        #expect(pruned == (now, before.1, before.2))
        let error = await #expect(throws: VarveError.self) { try await self.restored(second, replaced: true) }
        #expect(error?.code == .usage)
    }

    /// Random runs that are written again, forgotten and pruned in any order.
    @Test(arguments: [CompressionOptions.Method.lossless, .transform(.init())], 1...8)
    func whateverIsReplacedEveryStepStaysWhatItWas(method: CompressionOptions.Method, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        var count = 3, training = UInt64(1)
        var expected: [Int: [String: [UInt8]]] = [:]
        for index in 0..<count { try write(index, training: training) }
        for _ in 0..<6 {
            let result = try await compress(method)
            for step in result.added { expected[step] = try await restored(step) }
            for (step, content) in expected {
                #expect(try await restored(step) == content, "step \(step)")
                if method == .lossless {
                    #expect(content == (try Trees.content(workshop.path("run/checkpoint-\(step)"))))
                }
            }
            try await expectIntact()
            switch random.next() % 5 {
            case 0 where expected.count > 1:
                let step = expected.keys.sorted()[Int(random.next() % UInt64(expected.count))]
                _ = try Forgetter(archive: archive).forget(ForgetPolicy(steps: [step...step]))
                expected[step] = nil
            case 1: _ = try Forgetter(archive: archive).prune()
            case 2 where count < 8:
                try write(count, training: training)
                count += 1
            default:
                // The run goes on from a step in the middle and writes those after it again.
                training += 1
                let from = Int(random.next() % UInt64(count)), to = min(count, from + 1 + Int(random.next() % 2))
                for index in from..<to { try write(index, training: training) }
            }
        }
    }

    /// A checkpoint that was archived before all of it was there.
    @Test func aFileThatCameLateIsTakenWithItsStep() async throws {
        try write(0, training: 1)
        let step = DriftingRun.number(0)
        _ = try await compress()
        try Trees.write(Array("{}".utf8), to: workshop.path("run/checkpoint-\(step)/late.json"))
        let result = try await compress()
        #expect(
            result.replaced == [step] && result.missing.isEmpty && result.isAsAsked,
            "\(result.skipped) \(result.missing) \(result.notices)")
        #expect(try await restored(step)["late.json"] == Array("{}".utf8))
        let verified = try await Verifier(archive: archive, against: workshop.path("run"), threads: 1).verify()
        #expect(verified.isIntact && verified.differences.isEmpty)
    }

    /// A copied run has new times. Without its base the archive's step cannot be compared, and so it is not replaced.
    @Test func whatCannotBeComparedIsNotReplaced() async throws {
        for index in 0..<2 { try write(index, training: 1) }
        let files = (0..<2).map { workshop.path("run/checkpoint-\(DriftingRun.number($0))/model.safetensors") }
        let base = workshop.path("base.safetensors")
        try Trees.write(Trees.bytes(files[0]), to: base)
        var options = CompressionOptions(method: .lossless, base: base, threads: 1)
        options.replaces = true
        _ = try await Compressor(run: workshop.path("run"), archive: archive, options: options).compress()
        for file in files { try SystemCalls.setModificationTime(file, nanoseconds: 1_000_000_000) }
        let without = try await compress()
        #expect(without.replaced.isEmpty && without.skipped.count == 2 && !without.isAsAsked)
        let with = try await Compressor(run: workshop.path("run"), archive: archive, options: options).compress()
        #expect(with.replaced.isEmpty && with.skipped.isEmpty && with.isAsAsked)
    }

    @Test func anOldVersionDoesNotPassForTheNewOneWhoseManifestIsLost() async throws {
        try write(0, training: 1)
        _ = try await compress()
        try write(0, training: 2)
        _ = try await compress()
        let step = DriftingRun.number(0)
        try SystemCalls.unlink(ArchiveReader(archive).stepManifest(step))
        #expect(try ArchiveReader(archive).steps.isEmpty)
        #expect(try await !Verifier(archive: archive).verify().isIntact)
        _ = try Repairer(archive: archive).repair()
        #expect(try await restored(step) == (try Trees.content(workshop.path("run/checkpoint-\(step)"))))
    }

    @Test(arguments: [
        ("000000000200", 200, 0), ("000000000200-1", 200, 1), ("1000000000000-12", 1_000_000_000_000, 12),
    ])
    func directoryNamesAreReadBack(name: String, number: Int, generation: Int) throws {
        let version = try #require(StepVersion(directoryName: name))
        #expect(version == StepVersion(number: number, generation: generation) && version.directoryName == name)
    }

    @Test(arguments: [
        "200", "000000000200-0", "000000000200-01", "000000000200-", "000000000200--1", "000000000200-1-1", "-1", "",
        "000000000200-99999999999999999999", "9000000000000000000-1", "000000000200-2000", "99999999999999999999",
    ])
    func otherNamesAreNone(name: String) { #expect(StepVersion(directoryName: name) == nil) }
}
