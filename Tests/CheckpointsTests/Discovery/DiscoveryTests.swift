import Foundation
import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// Steps, repetitions and extras in made-up runs.
@Suite struct DiscoveryTests {
    @Test func stepsComeInNumericOrder() throws {
        let temporary = try TemporaryRun()
        for number in [100, 9, 20] {
            try temporary.write("step_\(number).safetensors", SmallSafetensors.weights(Float(number)))
        }
        #expect(try temporary.discover().steps.map(\.number) == [9, 20, 100])
    }

    @Test func metadataWinsOverTheNameWithAWarning() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1, metadata: ["step": "500"]))
        try temporary.write("ckpt_2.safetensors", SmallSafetensors.weights(2, metadata: ["step": "1000"]))
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [500, 1000])
        #expect(run.warnings.count == 1)
    }

    @Test func anEpochThatRepeatsLeavesTheNameToDecide() throws {
        let temporary = try TemporaryRun()
        try temporary.write("checkpoint_1_100.safetensors", SmallSafetensors.weights(1, metadata: ["epoch": "1"]))
        try temporary.write("checkpoint_1_200.safetensors", SmallSafetensors.weights(2, metadata: ["epoch": "1"]))
        #expect(try temporary.discover().steps.map(\.number) == [100, 200])
    }

    @Test func linksAndCopiesRepeatTheirStep() throws {
        let temporary = try TemporaryRun()
        let newest = SmallSafetensors.weights(2)
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.write("ckpt_2.safetensors", newest)
        try temporary.write("best.safetensors", newest)
        try temporary.link("last.safetensors", to: "ckpt_2.safetensors")
        try SystemCalls.link(
            Paths.join(temporary.path, "ckpt_2.safetensors"), Paths.join(temporary.path, "a_link.safetensors"))
        let run = try temporary.discover()
        #expect(run.steps.map(\.path) == ["ckpt_1.safetensors", "ckpt_2.safetensors"])
        let kinds = Dictionary(uniqueKeysWithValues: run.aliases.map { ($0.entry.path, $0.kind) })
        #expect(
            kinds == ["best.safetensors": .copy, "last.safetensors": .symbolicLink, "a_link.safetensors": .hardLink])
        #expect(run.aliases.allSatisfy { $0.original == "ckpt_2.safetensors" })
        #expect(run.aliases.first { $0.kind == .hardLink }?.entry.hardLinkOf == "ckpt_2.safetensors")
        #expect(run.steps[1].entries[0].hardLinkOf == nil)
        #expect(run.extras.isEmpty)
    }

    @Test func aCopyInAnotherContainerHasTheSameTensors() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_7.safetensors", SmallSafetensors.weights(7))
        try temporary.write("last.safetensors", SmallSafetensors.weights(7, metadata: ["step": "7"]))
        let run = try temporary.discover()
        #expect(run.aliases.map(\.kind) == [.sameTensors])
    }

    @Test func theLesserOfTwoDifferentCheckpointsOfAStepIsAnExtra() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_7.safetensors", SmallSafetensors.weights(7))
        try temporary.write("best.safetensors", SmallSafetensors.weights(8, metadata: ["step": "7"]))
        let run = try temporary.discover()
        #expect(run.steps.map(\.path) == ["ckpt_7.safetensors"])
        #expect(run.extras.map(\.path) == ["best.safetensors"])
        #expect(run.warnings.count == 1)
    }

    @Test func directoriesPerStepAreStepsAndTheRestIsExtra() throws {
        let temporary = try TemporaryRun()
        for step in [10, 200] {
            try temporary.write("step-\(step)/model.safetensors", SmallSafetensors.weights(Float(step)))
            try temporary.write("step-\(step)/notes.txt", "hello")
        }
        try temporary.write("log/events.txt", "log")
        try Directories.create(Paths.join(temporary.path, "empty"))
        try temporary.write("archive.varve/archive.manifest", "not ours")
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [10, 200])
        #expect(run.steps[0].isDirectory)
        #expect(run.steps[0].entries.map(\.path) == ["step-10", "step-10/model.safetensors", "step-10/notes.txt"])
        #expect(run.extras.map(\.path) == ["empty", "log", "log/events.txt"])
    }

    @Test func aFileOrADirectoryAloneIsARunOfOneStep() throws {
        let temporary = try TemporaryRun()
        try temporary.write("a/checkpoint-30/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("a/checkpoint-30/trainer_state.json", "{\"global_step\": 30}")
        try temporary.write("a/other.safetensors", SmallSafetensors.weights(2, metadata: ["step": "4"]))
        let directory = try Run.discover(Paths.join(temporary.path, "a/checkpoint-30"))
        #expect(directory.steps.map(\.number) == [30])
        #expect(directory.steps[0].path.isEmpty)
        #expect(directory.steps[0].isDirectory)
        let file = try Run.discover(Paths.join(temporary.path, "a/other.safetensors"))
        #expect(file.steps.map(\.number) == [4])
        #expect(file.steps[0].path == "other.safetensors")
        #expect(file.extras.isEmpty)
    }

    @Test func nothingToBeFoundIsAUsageError() throws {
        let temporary = try TemporaryRun()
        try temporary.write("readme.txt", "nothing here")
        #expect(throws: VarveError.self) { try temporary.discover() }
        let missing = #expect(throws: VarveError.self) { try Run.discover(temporary.path + "/nowhere") }
        #expect(missing?.code == .notFound)
    }

    @Test func aFinalModelBesideTheStepsIsNoStep() throws {
        let temporary = try TemporaryRun()
        for step in [1, 2] {
            try temporary.write("checkpoint-\(step)/model.safetensors", SmallSafetensors.weights(Float(step)))
            try temporary.write("checkpoint-\(step)/trainer_state.json", "{\"global_step\": \(step)}")
        }
        try temporary.write("model.safetensors", SmallSafetensors.weights(2))
        try temporary.write("config.json", "{}")
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1, 2])
        #expect(run.aliases.map(\.entry.path) == ["model.safetensors"])
        #expect(run.extras.map(\.path) == ["config.json"])
    }

    @Test func twoNetworksSideBySideAreOneStep() throws {
        let temporary = try TemporaryRun()
        for step in [5, 10] {
            try temporary.write(
                "netG_\(step).safetensors", SmallSafetensors.bytes([("g.weight", [1, 2, Float(step)])]))
            try temporary.write("netD_\(step).safetensors", SmallSafetensors.bytes([("d.weight", [1, Float(step)])]))
        }
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [5, 10])
        #expect(run.steps.allSatisfy { $0.entries.count == 2 })
        let contents = try StepContents.read(run.steps[0], of: run)
        #expect(Set(contents.parameters.map(\.name)) == ["g.weight", "netD.d.weight"])
    }
}
