import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Runs of checkpoint directories whose early steps are forgotten, and what is left of their archives.
struct RebaseWorkshop {
    let workshop = RunWorkshop()

    var run: String { workshop.path("run") }
    var archive: String { workshop.path("a.varve") }
    var forgetter: Forgetter { Forgetter(archive: archive) }

    /// A model, an optimizer, a file that all steps share, one that changes a little. One weight stands still from the third
    /// step on, one is missing in the second.
    func write(_ steps: Int, seed: UInt64 = 1) throws {
        let drift = DriftingRun(
            [.init("a", [48, 64]), .init("b", [40]), .init("c", [16, 8])], steps: steps, seed: seed)
        var random = SplitMix64(seed: seed)
        let shared = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for (index, values) in drift.values.enumerated() {
            let number = DriftingRun.number(index)
            let directory = workshop.path("run/checkpoint-\(number)")
            guard !Directories.exists(directory) else { continue }
            var model: [TestTensor] = [], states: [[TestTensor]] = []
            for (position, (shape, now)) in zip(drift.shapes, values).enumerated() {
                if shape.name == "c", index == 1 { continue }
                let source = shape.name == "b" && index > 2 ? drift.values[2][position] : now
                model.append(TestTensor(shape.name, shape: shape.shape, floats: source.weight))
                states.append([
                    TestTensor("exp_avg", shape: shape.shape, floats: source.first),
                    TestTensor("exp_avg_sq", shape: shape.shape, floats: source.second),
                ])
            }
            try Trees.write(SafetensorsMaker.file(model, metadata: []), to: directory + "/model.safetensors")
            try Trees.write(
                TrainingStep(number: number, model: model, states: states).optimizerFile(),
                to: directory + "/optimizer.pt")
            try Trees.write(Array("{\"global_step\": \(number)}".utf8), to: directory + "/trainer_state.json")
            try Trees.write(shared, to: directory + "/shared.bin")
            var log = shared
            for position in 0..<(50 * index) { log[position] = UInt8(truncatingIfNeeded: position &* index) }
            try Trees.write(log, to: directory + "/log.bin")
        }
    }

    @discardableResult
    func compress(_ method: CompressionOptions.Method, keyframeInterval: Int = 50) async throws -> CompressionResult {
        try await workshop.compress("run", "a.varve", method, keyframeInterval: keyframeInterval, threads: 1)
    }

    @discardableResult
    func rebase(
        _ policy: ForgetPolicy, prune: Bool = false, dryRun: Bool = false, base: String? = nil,
        progress: ProgressHandler? = nil
    ) async throws -> ForgetResult {
        try await Rebaser(archive: archive, options: RebaseOptions(base: base, threads: 1)).forget(
            policy, dryRun: dryRun, prune: prune, progress: progress)
    }

    func restored(_ step: Int, onlyWeights: Bool = false, replaced: Bool = false) async throws -> [String: [UInt8]] {
        let output = workshop.path("out")
        try Directories.remove(output)
        var options = RestoreOptions(selection: .step(step), onlyWeights: onlyWeights, threads: 1)
        options.replaced = replaced
        try await Restorer(archive: archive, options: options).restore(to: output)
        return try Trees.content(output)
    }

    /// Every visible step as it is restored; of steps without moments the weights.
    func everything(weightsOf weights: Set<Int> = []) async throws -> [Int: [String: [UInt8]]] {
        var result: [Int: [String: [UInt8]]] = [:]
        for step in try ArchiveReader(archive).steps {
            result[step] = try await restored(step, onlyWeights: weights.contains(step))
        }
        return result
    }

    /// What an archive builds on, by step; `nil` for what begins a chain.
    func predecessors() throws -> [Int: Int?] {
        let reader = try ArchiveReader(archive)
        var result: [Int: Int?] = [:]
        for step in reader.steps {
            guard case .step(let before, _) = try reader.manifest(step).predecessor else {
                result[step] = .some(nil)
                continue
            }
            result[step] = StepVersion.number(before)
        }
        return result
    }

    /// The archive is whole, adds up, and each of its steps is off from the run by what it says.
    func expectIntact(comparing: Bool = true, base: String? = nil) async throws {
        let verified = try await Verifier(archive: archive, deep: true, base: base, threads: 1).verify()
        #expect(verified.isIntact && verified.unrestorable == [], "\(verified.findings)")
        let report = try Reporter(archive: archive).report()
        #expect(try report.total.storedBytes == UInt64(ArchiveSize.of(archive)))
        guard comparing else { return }
        for step in try ArchiveReader(archive).steps {
            let found = try await differences(step, base: base)
            #expect(found.isEmpty, "step \(step): \(found)")
        }
    }

    /// What an archive would restore otherwise than its figures say.
    func differences(_ step: Int, from run: String? = nil, base: String? = nil) async throws -> [String] {
        let verifier = Verifier(archive: archive, against: run ?? self.run, base: base, threads: 1)
        let result = try await verifier.verify(steps: step...step)
        #expect(result.compared == [step])
        return result.differences.map { "\($0.tensor ?? $0.file ?? ""): \($0.message)" }
    }
}
