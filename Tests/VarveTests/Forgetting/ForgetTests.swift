import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Forgetting drops what was asked for and nothing else: whatever stays restores as before, byte for byte.
@Suite struct ForgetTests {
    let workshop = RunWorkshop()

    var archive: String { workshop.path("a.varve") }
    var forgetter: Forgetter { Forgetter(archive: archive) }

    /// Directories of steps: a model, an optimizer, a file that all share, one that comes back, one that changes a
    /// little. Some tensors appear late, vanish or stand still.
    private func write(_ steps: Int, seed: UInt64, to run: String = "run") throws {
        let drift = DriftingRun(
            [.init("a", [24, 32]), .init("b", [40]), .init("c", [16, 8])], steps: steps, seed: seed)
        var random = SplitMix64(seed: seed)
        let shared = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for (index, values) in drift.values.enumerated() {
            let directory = workshop.path("\(run)/checkpoint-\(DriftingRun.number(index))")
            var model: [TestTensor] = [], states: [[TestTensor]] = []
            for (shape, now) in zip(drift.shapes, values) {
                // One is missing in the second step, one stands still from the third on.
                if shape.name == "c", index == 1 { continue }
                let source = shape.name == "b" && index > 2 ? drift.values[2][1] : now
                model.append(TestTensor(shape.name, shape: shape.shape, floats: source.weight))
                states.append([
                    TestTensor("exp_avg", shape: shape.shape, floats: source.first),
                    TestTensor("exp_avg_sq", shape: shape.shape, floats: source.second),
                ])
            }
            let number = DriftingRun.number(index)
            let optimizer = TrainingStep(number: number, model: model, states: states).optimizerFile()
            try Trees.write(SafetensorsMaker.file(model, metadata: []), to: directory + "/model.safetensors")
            try Trees.write(optimizer, to: directory + "/optimizer.pt")
            try Trees.write(Array("{\"global_step\": \(number)}".utf8), to: directory + "/trainer_state.json")
            try Trees.write(shared, to: directory + "/shared.bin")
            try Trees.write(Array(shared[..<(300 + index % 3)]), to: directory + "/returning.bin")
            var log = shared
            for position in 0..<(50 * index) { log[position] = UInt8(truncatingIfNeeded: position &* index) }
            try Trees.write(log, to: directory + "/log.bin")
        }
    }

    private func restored(_ step: Int, onlyWeights: Bool = false) async throws -> [String: [UInt8]] {
        let output = workshop.path("out")
        try Directories.remove(output)
        try await Restorer(
            archive: archive, options: RestoreOptions(selection: .step(step), onlyWeights: onlyWeights, threads: 1)
        ).restore(to: output)
        return try Trees.content(output)
    }

    /// Every visible step as it is restored; of steps without moments the weights.
    private func everything(weightsOf weights: Set<Int> = []) async throws -> [Int: [String: [UInt8]]] {
        var result: [Int: [String: [UInt8]]] = [:]
        for step in try ArchiveReader(archive).steps {
            result[step] = try await restored(step, onlyWeights: weights.contains(step))
        }
        return result
    }

    private func expectIntact(deep: Bool = true) async throws {
        let verified = try await Verifier(archive: archive, deep: deep, threads: 1).verify()
        #expect(verified.isIntact && verified.unrestorable == [], "\(verified.findings)")
        let report = try Reporter(archive: archive).report()
        #expect(try report.total.storedBytes == UInt64(ArchiveSize.of(archive)))
        let steps = report.steps.reduce(UInt64(0)) { $0 + $1.roles.values.reduce(0) { $0 + $1.storedBytes } }
        #expect(steps == report.steps.reduce(0) { $0 + $1.total.storedBytes })
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var method: CompressionOptions.Method
        var interval: Int
        var seed: UInt64
        var testDescription: String { "\(method), keyframe every \(interval), seed \(seed)" }
    }

    static let cases: [Case] = [
        TestMethods.transform, TestMethods.exactKeyframes, TestMethods.excp, TestMethods.lossless,
    ].enumerated().flatMap { index, method in
        [(3, 1), (50, 2)].map { Case(method: method, interval: $0.0, seed: UInt64(10 * index + $0.1)) }
    }

    /// Random subsets, pruned; the bytes freed are those that were foretold.
    @Test(arguments: cases) func whatStaysRestoresAsBefore(_ test: Case) async throws {
        try write(6, seed: test.seed)
        try await workshop.compress("run", "a.varve", test.method, keyframeInterval: test.interval, threads: 1)
        let all = try ArchiveReader(archive).steps
        #expect(all.count == 6)
        let before = try await everything()
        var random = SplitMix64(seed: test.seed)
        var gone = Set<Int>()
        for _ in 0..<3 {
            let left = all.filter { !gone.contains($0) }
            let chosen = left.filter { _ in random.next() % 3 == 0 }.prefix(left.count - 1)
            guard !chosen.isEmpty else { continue }
            let policy = ForgetPolicy(steps: chosen.map { $0...$0 })
            let plan = try forgetter.forget(policy, dryRun: true)
            #expect(plan.forgotten == Array(chosen))
            let size = try ArchiveSize.withoutParity(archive)
            let parts = try workshop.parts("a.varve")
            _ = try forgetter.forget(policy)
            #expect(try workshop.parts("a.varve") == parts)
            try await expectIntact()
            _ = try forgetter.prune()
            gone.formUnion(chosen)
            #expect(try ArchiveSize.withoutParity(archive) == size - plan.freedBytes)
            try await expectIntact()
            let after = try await everything()
            #expect(Set(after.keys) == Set(all).subtracting(gone))
            for (step, content) in after { #expect(content == before[step], "step \(step)") }
        }
        // Nothing forgotten comes back by itself, and what comes new builds on what is there.
        try write(8, seed: test.seed)
        let added = try await workshop.compress(
            "run", "a.varve", test.method, keyframeInterval: test.interval, threads: 1)
        #expect(added.added == [70, 80] && added.skipped.isEmpty)
        try await expectIntact()
        let again = try forgetter.prune(dryRun: true)
        #expect(again.freedBytes == 0)
    }

    @Test(arguments: TestMethods.chains) func withoutMomentsTheModelStays(method: CompressionOptions.Method)
        async throws
    {
        try write(4, seed: 7)
        try await workshop.compress("run", "a.varve", method, threads: 1)
        let whole = try await everything()
        let weights = try await everything(weightsOf: [10, 20, 30, 40])
        let size = try ArchiveSize.withoutParity(archive)
        let plan = try forgetter.forget(.init(steps: [10...20], momentsOnly: true), dryRun: true)
        let result = try forgetter.forget(.init(steps: [10...20], momentsOnly: true), prune: true)
        #expect(result.freedBytes == plan.freedBytes && result.forgotten == [10, 20])
        #expect(try ArchiveSize.withoutParity(archive) == size - plan.freedBytes)
        if method != TestMethods.lossless { #expect(plan.freedBytes > 0) }
        try await expectIntact()
        for step in [10, 20] {
            let error = await #expect(throws: VarveError.self) { try await restored(step) }
            #expect(error?.code == .usage && error?.message.contains("`onlyWeights`") == true)
            #expect(try await restored(step, onlyWeights: true) == weights[step])
        }
        for step in [30, 40] { #expect(try await restored(step) == whole[step]) }
        let output = workshop.path("all")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let content = try Trees.content(output)
        #expect(content["checkpoint-20/model.safetensors"] == weights[20]?["model.safetensors"])
        #expect(content["checkpoint-20/optimizer.pt"] == nil)
        #expect(content["checkpoint-30/optimizer.pt"] == whole[30]?["optimizer.pt"])
        // The rest of the step can go later.
        _ = try forgetter.forget(.init(steps: [10...10]), prune: true)
        try await expectIntact()
        for step in [30, 40] { #expect(try await restored(step) == whole[step]) }
    }

    @Test func whatIsForgottenCanBeBroughtBackUntilItIsPruned() async throws {
        try write(4, seed: 3)
        try await workshop.compress(threads: 1)
        let files = try Trees.content(archive)
        let before = try await everything()
        _ = try forgetter.forget(.init(keepLast: 1))
        #expect(try ArchiveReader(archive).steps == [40])
        let error = await #expect(throws: VarveError.self) { try await restored(20) }
        #expect(error?.code == .usage && error?.message.contains("`Archive.undoForget(") == true)
        #expect(try forgetter.undo(steps: [20...20]) == [20])
        #expect(try await restored(20) == before[20])
        // What is forgotten counts as there.
        #expect(try await workshop.compress().added == [])
        #expect(try forgetter.undo() == [10, 30])
        #expect(try Trees.content(archive) == files)
        _ = try forgetter.forget(.init(keepLast: 1), prune: true)
        #expect(try forgetter.undo() == [])
        #expect(throws: VarveError.self) { try forgetter.undo(steps: [10...10]) }
        #expect(try await workshop.compress().added == [])
    }

    @Test func rulesKeepWhatTheySay() async throws {
        try write(6, seed: 4)
        try await workshop.compress(threads: 1)
        #expect(try forgetter.pin([20...20]) == [20])
        func forgotten(_ policy: ForgetPolicy) throws -> [Int] { try forgetter.forget(policy, dryRun: true).forgotten }
        #expect(try forgotten(.init(keepLast: 2)) == [10, 30, 40])
        #expect(try forgotten(.init(keepEvery: 30)) == [10, 40, 50])
        #expect(try forgotten(.init(keepLast: 1, keepEvery: 30)) == [10, 40, 50])
        #expect(try forgotten(.init(steps: [40...Int.max])) == [40, 50, 60])
        for policy in [
            ForgetPolicy(), .init(keepLast: 1, steps: [10...10]), .init(keepLast: 0), .init(keepEvery: 0),
            .init(steps: [11...11]), .init(steps: [10...20]),
        ] {
            let error = #expect(throws: VarveError.self) { try forgotten(policy) }
            #expect(error?.code == .usage)
        }
        #expect(try forgetter.pin([20...20], remove: true) == [])
        #expect(!Directories.exists(ArchiveLayout(archive).forgottenManifest))
        // A rule that fits nothing leaves the newest.
        #expect(try forgotten(.init(keepEvery: 7)) == [10, 20, 30, 40, 50])
    }

    @Test func weightsInOneFileWithMomentsAreNotCutOff() async throws {
        try workshop.write(DriftingRun([.init("w", [8, 8])], steps: 2).steps())
        try await workshop.compress()
        let error = #expect(throws: VarveError.self) {
            try forgetter.forget(.init(steps: [10...10], momentsOnly: true))
        }
        #expect(error?.code == .usage && error?.message.contains("step 10") == true)
    }

    /// Nothing may be taken from an archive that lacks something already.
    @Test func aDamagedArchiveIsNotPruned() async throws {
        try write(4, seed: 5)
        try await workshop.compress("run", "a.varve", TestMethods.transform, threads: 1)
        _ = try forgetter.forget(.init(steps: [20...30]))
        let part = ArchiveLayout(archive).stepPart(StepVersion(number: 20), "0000.part")
        var bytes = try Trees.bytes(part)
        let weights = try #require(try ArchiveReader(archive).manifest(20).quantizedGroups.first?.weights)
        bytes[Int(weights.offset)] ^= 1
        try Trees.write(bytes, to: part)
        let before = try Trees.content(archive)
        #expect(throws: VarveError.self) { try forgetter.prune() }
        #expect(try Trees.content(archive) == before)
    }

    @Test func aDamagedListOfForgottenStepsStopsWritersOnly() async throws {
        try write(3, seed: 6)
        try await workshop.compress(threads: 1)
        _ = try forgetter.forget(.init(steps: [20...20]))
        let path = ArchiveLayout(archive).forgottenManifest
        var bytes = try Trees.bytes(path)
        bytes[30] ^= 1
        try Trees.write(bytes, to: path)
        let verified = try await Verifier(archive: archive).verify()
        #expect(verified.findings.map(\.file) == [path] && verified.unrestorable == [])
        _ = try await restored(30)
        let error = await #expect(throws: VarveError.self) { try await workshop.compress() }
        #expect(error?.code == .damaged && error?.location.file == path)
    }
}
