import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Runs whose order cannot be known: a state may stay without a parameter, never get another's.
@Suite struct WrongTiesTests {
    @Test func aBlockThatJoinsTheOptimizerLateGetsNoOthersState() throws {
        let folder = Paths.join(Paths.split(RunFolders.fixtures).directory, "unfrozen-block")
        let expected = try ExpectedRun.load(Paths.join(folder, "expected.json"))
        let run = try Run.discover(folder)
        #expect(run.steps.map(\.number) == [20, 30])
        let pairs = try run.pairs()
        var before: StepContents?
        for (step, wanted) in zip(run.steps, expected.steps) {
            let alone = try StepContents.read(
                step, of: run, previous: before.map { FilePreviousWeights($0) }, known: before?.knownPairs ?? [:])
            for contents in [try run.contents(of: step, pairs: pairs), alone] {
                let tied = contents.parameters.filter { $0.weight != nil && $0.statePath != nil }
                #expect(tied.count >= 2)
                var known = wanted
                let names = Set(tied.map(\.name))
                known.parameters = wanted.parameters.filter { names.contains($0.name) }
                let wrong = try ExpectedRun.differences(contents, known).filter { $0.contains("moment") }
                #expect(wrong.isEmpty, "step \(step.number): \(wrong.joined(separator: "\n"))")
            }
            before = alone
        }
    }
}
