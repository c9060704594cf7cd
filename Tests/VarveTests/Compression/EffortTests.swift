import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Whatever the effort: what is appended is what one call stores, and what is restored is what was foretold.
@Suite struct EffortTests {
    let workshop = RunWorkshop()

    /// Both sides tracked; one beside a full one; a batch; whole bases; a vector.
    private static let steps = DriftingRun(
        [
            .init("both.weight", [260, 1030]), .init("wide.weight", [20, 1030]),
            .init("experts.weight", [2, 1026, 20]),
            .init("narrow.weight", [24, 40]), .init("norm.weight", [1030]),
        ], steps: 5
    ).steps()

    static let methods: [CompressionOptions.Method] = [
        .transform(TransformOptions()), .transform(TransformOptions(effort: .low)),
        .transform(TransformOptions(quality: .high, effort: .high)), .transform(TransformOptions(keyframes: .exact)),
    ]

    @Test(arguments: methods)
    func appendingStoresWhatOneCallStoresAndItRestores(method: CompressionOptions.Method) async throws {
        let steps = Self.steps
        try workshop.write(steps)
        try await workshop.compress("run", "whole.varve", method, keyframeInterval: 4, threads: 1)
        for step in steps {
            try workshop.write([step], to: "rotating")
            if step.number == 20 { continue }
            let result = try await workshop.compress(
                "rotating", "grown.varve", method, keyframeInterval: 4, threads: 2)
            #expect(result.skipped.isEmpty && !result.added.isEmpty)
            try Directories.remove(workshop.path("rotating"))
        }
        let whole = try workshop.parts("whole.varve"), grown = try workshop.parts("grown.varve")
        #expect(whole == grown && whole.count == steps.count)
        let verified = try await Verifier(
            archive: workshop.path("whole.varve"), against: workshop.path("run"), threads: 2
        ).verify()
        #expect(verified.isIntact && verified.differences.isEmpty, "\(verified.findings)")
        #expect(try await workshop.restore("whole.varve", threads: 1) == workshop.restore("grown.varve", threads: 2))
    }

    /// Where no rule is named, nothing at all changes.
    @Test func effortChangesNothingOfNarrowMatrices() async throws {
        try workshop.write(DriftingRun([.init("narrow.weight", [24, 40])], steps: 3).steps(), to: "narrow")
        for effort in [TransformOptions.Effort.normal, .high] {
            try await workshop.compress("narrow", "\(effort).varve", .transform(TransformOptions(effort: effort)))
        }
        #expect(try workshop.parts("normal.varve") == workshop.parts("high.varve"))
    }

    @Test func aStepThatNamesARuleCanLoseItsMoments() async throws {
        for step in DriftingRun([.init("wide.weight", [20, 1030])], steps: 4).steps() {
            let directory = workshop.path("run/checkpoint-\(step.number)")
            try Trees.write(SafetensorsMaker.file(step.model, metadata: []), to: directory + "/model.safetensors")
            try Trees.write(step.optimizerFile(), to: directory + "/optimizer.pt")
        }
        try await workshop.compress("run", "a.varve", .transform(TransformOptions(quality: .high)), threads: 1)
        let before = try await workshop.restore("a.varve", threads: 1)
        let result = try Forgetter(archive: workshop.path("a.varve")).forget(
            .init(steps: [20...20], momentsOnly: true), prune: true)
        #expect(result.freedBytes > 0)
        #expect(try ArchiveReader(workshop.path("a.varve")).manifest(20).pruned == .moments)
        let verified = try await Verifier(archive: workshop.path("a.varve"), deep: true, threads: 1).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        for number in [10, 20, 30, 40] {
            let output = workshop.path("out-\(number)"), onlyWeights = number == 20
            try await Restorer(
                archive: workshop.path("a.varve"),
                options: RestoreOptions(selection: .step(number), onlyWeights: onlyWeights, threads: 1)
            ).restore(to: output)
            for name in ["model.safetensors"] + (onlyWeights ? [] : ["optimizer.pt"]) {
                let wanted = try #require(before["checkpoint-\(number)/\(name)"])
                #expect(try Trees.content(output)[name] == wanted, "step \(number)")
            }
        }
    }

    @Test func theManifestNamesAnEffortThatIsNotTheNormalOne() async throws {
        try workshop.write(DriftingRun([.init("narrow.weight", [24, 40])], steps: 2).steps())
        for (effort, words) in [
            (.low, "transform balanced, effort low"), (.normal, "transform balanced"),
            (.high, "transform balanced, effort high"),
        ] as [(TransformOptions.Effort, String)] {
            try await workshop.compress("run", "\(effort).varve", .transform(TransformOptions(effort: effort)))
            #expect(try ArchiveReader(workshop.path("\(effort).varve")).manifest(20).method == words)
        }
    }
}
