import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// Runs written by real frameworks, compared with what the frameworks' own loaders see.
@Suite struct KnownRunsTests {
    /// Layouts whose tensors are not understood: their steps are found and kept exactly.
    private static let opaque: Set<String> = [
        "dcp", "dcp_fsdp_2ranks", "deepspeed_zero1", "deepspeed_zero3", "megatron_style", "mlx_npz", "mlx_safetensors",
        "orbax", "keras_archive", "keras_weights",
    ]

    /// Layouts of shards whose tensors are not put together yet: what they hold is kept exactly.
    private static let sharded: Set<String> = [
        "ds_pipeline", "ds_universal", "hf_deepspeed_zero2", "hf_deepspeed_zero3", "hf_fsdp2_full", "hf_fsdp2_sharded",
        "mcore_dp_reshardable", "mcore_fully_reshardable", "mcore_legacy", "olmo_core", "titan_fsdp_tp", "verl_fsdp2",
    ]

    @Test(
        .enabled(if: RunFolders.shared != nil, "needs the shared runs: VARVE_SHARED names their folder"),
        arguments: RunFolders.names(RunFolders.shared))
    func everyStepOfASharedRunIsFound(name: String) throws {
        let folder = try #require(RunFolders.shared)
        try checkSteps(folder, name)
    }

    @Test(
        .enabled(if: RunFolders.shared != nil, "needs the shared runs: VARVE_SHARED names their folder"),
        arguments: RunFolders.names(RunFolders.shared).filter { !opaque.contains($0) })
    func everyTensorOfASharedRunIsTiedToItsParameter(name: String) throws {
        let folder = try #require(RunFolders.shared)
        if Self.sharded.contains(name) {
            withKnownIssue("\(name): shards are not put together yet") { try checkParameters(folder, name) }
        } else {
            try checkParameters(folder, name)
        }
    }

    @Test(
        .enabled(if: RunFolders.shared != nil, "needs the shared runs: VARVE_SHARED names their folder"),
        arguments: RunFolders.names(RunFolders.shared).filter { opaque.contains($0) })
    func aLayoutThatIsNotUnderstoodHasNoParameters(name: String) throws {
        let folder = try #require(RunFolders.shared)
        let run = try Run.discover(Paths.join(folder, name))
        for step in run.steps {
            let contents = try StepContents.read(step, of: run)
            #expect(contents.parameters.isEmpty, "\(name) \(step.number)")
            #expect(contents.files.count == step.entries.filter { $0.identity.kind == .regular }.count)
        }
    }

    @Test(arguments: RunFolders.names(RunFolders.fixtures))
    func everyStepOfAFixtureIsFoundAndUnderstood(name: String) throws {
        try checkSteps(RunFolders.fixtures, name)
        try checkParameters(RunFolders.fixtures, name)
    }

    private func checkSteps(_ folder: String, _ name: String) throws {
        let expected = try ExpectedRun.load(Paths.join(folder, "expected/\(name).json"))
        let run = try Run.discover(Paths.join(folder, name))
        #expect(run.steps.map(\.number) == expected.steps.map(\.step))
        #expect(run.steps.map(\.path) == expected.steps.map(\.checkpoint))
        #expect(run.skipped.isEmpty)
        #expect(run.warnings.isEmpty, "\(run.warnings)")
    }

    private func checkParameters(_ folder: String, _ name: String) throws {
        let expected = try ExpectedRun.load(Paths.join(folder, "expected/\(name).json"))
        let run = try Run.discover(Paths.join(folder, name))
        let pairs = try run.pairs()
        for (step, wanted) in zip(run.steps, expected.steps) {
            let together = try ExpectedRun.differences(try run.contents(of: step, pairs: pairs), wanted)
            #expect(
                together.isEmpty, "\(name) step \(step.number), pairs of the run: \(together.joined(separator: "\n"))")
        }
        // The way compress goes: each step after the one before, nothing read ahead.
        var before: StepContents?
        for (step, wanted) in zip(run.steps, expected.steps) {
            let contents = try StepContents.read(
                step, of: run, previous: before.map { FilePreviousWeights($0) }, known: before?.knownPairs ?? [:])
            let alone = try ExpectedRun.differences(contents, wanted)
            #expect(alone.isEmpty, "\(name) step \(step.number), step by step: \(alone.joined(separator: "\n"))")
            before = contents
        }
    }
}
