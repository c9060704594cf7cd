import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Runs written by real frameworks, compared with what the frameworks' own loaders see.
@Suite struct KnownRunsTests {
    /// Layouts whose tensors are not understood: their steps are found and kept exactly.
    private static let opaque: Set<String> = ["orbax", "keras_archive", "keras_weights"]

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
        try checkParameters(folder, name)
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
