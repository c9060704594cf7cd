import Foundation
import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// What is a step, what is a run, and what is neither.
@Suite struct RunsApartTests {
    private func refusal(_ temporary: TemporaryRun) -> VarveError? {
        do throws(VarveError) {
            _ = try Run.discover(temporary.path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ["a/checkpoint-1", "a/checkpoint-2", "b/checkpoint-1", "b/checkpoint-2"],
        ["a/checkpoint-20", "b/checkpoint-1"],
    ])
    func severalRunsAreRefusedByName(folders: [String]) throws {
        let temporary = try TemporaryRun()
        for (index, folder) in folders.enumerated() {
            try temporary.write("\(folder)/model.safetensors", SmallSafetensors.weights(Float(index)))
            try temporary.write("\(folder)/trainer_state.json", "{}")
        }
        let error = try #require(refusal(temporary))
        #expect(
            error.code == .usage && error.message.contains("a, b") && error.message.contains("`RunDirectories.list`"))
        #expect(try Run.discoverAll(temporary.path).severalRuns == ["a", "b"])
    }

    @Test func sweepsOfSingleFilesAreRefusedByName() throws {
        let temporary = try TemporaryRun()
        for seed in 0..<3 {
            for step in [10, 20] {
                try temporary.write(
                    "seed\(seed)/ckpt_\(step).safetensors", SmallSafetensors.weights(Float(seed * 100 + step)))
            }
        }
        #expect(try Run.discoverAll(temporary.path).severalRuns == ["seed0", "seed1", "seed2"])
    }

    @Test func olderCheckpointsPutAsideAreOfTheRun() throws {
        let temporary = try TemporaryRun()
        for path in ["checkpoint-30", "old/checkpoint-10", "old/checkpoint-20"] {
            try temporary.write("\(path)/model.safetensors", SmallSafetensors.weights(Float(path.utf8.last ?? 0)))
        }
        #expect(try temporary.discover().steps.map(\.number) == [10, 20, 30])
    }

    @Test func aCopyOfACheckpointElsewhereIsNoOtherRun() throws {
        let temporary = try TemporaryRun()
        for path in ["out/checkpoint-10", "out/checkpoint-20", "best/checkpoint-20"] {
            try temporary.write("\(path)/model.safetensors", SmallSafetensors.weights(path.hasSuffix("10") ? 1 : 2))
        }
        #expect(try Run.discoverAll(temporary.path).severalRuns.isEmpty)
    }

    @Test(arguments: [
        "model_{}", "model-{}", "model_000{}", "model_step_{}", "model_step{}", "model_epoch_{}", "model-epoch{}",
        "model.{}",
        "model@{}", "model_ep{}", "model_{}_steps", "adapter_model_{}", "weights_{}", "state_{}",
    ])
    func filesThatAreNumberedAreSteps(pattern: String) throws {
        for ending in [".safetensors"] {
            let temporary = try TemporaryRun()
            for step in [10, 20, 30] {
                try temporary.write(
                    pattern.replacing("{}", with: "\(step)") + ending, SmallSafetensors.weights(Float(step)))
                let run = try temporary.discover()
                #expect(run.steps.map(\.number) == [10, 20, 30].filter { $0 <= step }, "\(pattern)")
                #expect(run.steps.allSatisfy { !$0.isDirectory })
            }
        }
    }

    @Test func aModelWithoutNumberIsOneCheckpoint() throws {
        let temporary = try TemporaryRun()
        try temporary.write("model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("config.json", "{}")
        #expect(try temporary.discover().steps.map(\.isDirectory) == [true])
    }

    @Test func speechBrainsCheckpointsAreSteps() throws {
        let temporary = try TemporaryRun()
        for day in 1...3 {
            let folder = "CKPT+2026-01-0\(day)+10-00-00+00"
            try temporary.write("\(folder)/model.ckpt", SmallSafetensors.weights(Float(day)))
            try temporary.write("\(folder)/counter.ckpt", "\(day)")
            if day < 3 { try temporary.write("\(folder)/CKPT.yaml", "end-of-epoch: true\n") }
        }
        var run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1, 2] && run.skipped.count == 1)
        try temporary.write("CKPT+2026-01-03+10-00-00+00/CKPT.yaml", "end-of-epoch: true\n")
        run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1, 2, 3] && run.skipped.isEmpty)
    }

    @Test func aTinyFileThatIsTheBeginningOfAContainerIsUnfinished() throws {
        let temporary = try TemporaryRun()
        try temporary.write("step_1/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("step_2/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("step_2/optimizer.ckpt", "PK")
        #expect(try temporary.discover().skipped.map(\.path) == ["step_2"])
    }

    @Test(arguments: [
        "checkpoint_{}", "rl_{}_steps.zip", "model-epoch={}.nemo", "step_{}.pkl", "step_{}.pdparams", "ckpt-{}.msgpack",
        "model.ckpt-{}.index", "step_{}/params.msgpack", "{}/weights.dat",
    ])
    func whatNobodyHereReadsIsKeptByNumber(pattern: String) throws {
        let temporary = try TemporaryRun()
        for step in [10, 20, 30] {
            let bytes: [UInt8] =
                pattern.hasSuffix(".zip")
                ? [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18) : Array("opaque \(step)".utf8)
            try temporary.write(pattern.replacing("{}", with: "\(step)"), bytes)
        }
        try temporary.write("log.txt", "epoch 1")
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [10, 20, 30])
        #expect(run.extras.map(\.path) == ["log.txt"])
    }

    @Test func composersBatchIsTheStep() throws {
        let temporary = try TemporaryRun()
        for batch in [20, 40] { try temporary.write("ep0-ba\(batch)-rank0.pt", SmallSafetensors.weights(Float(batch))) }
        #expect(try temporary.discover().steps.map(\.number) == [20, 40])
    }

    // MARK: Links

    @Test func aLinkOutOfTheRunBringsItsFileAlong() throws {
        let store = try TemporaryRun(), temporary = try TemporaryRun()
        try store.write("blob", SmallSafetensors.weights(3))
        try temporary.link("step_1/model.safetensors", to: Paths.join(store.path, "blob"))
        let run = try temporary.discover()
        let entry = try #require(run.steps.first?.entries.last)
        #expect(entry.identity.kind == .regular && entry.linkTarget == nil && entry.identity.byteCount > 0)
    }

    @Test func aCheckpointThatIsALinkOutOfTheRunIsNamed() throws {
        let store = try TemporaryRun(), temporary = try TemporaryRun()
        try store.write("far/model.safetensors", SmallSafetensors.weights(3))
        try temporary.write("step_1/model.safetensors", SmallSafetensors.weights(1))
        try temporary.link("step_2", to: Paths.join(store.path, "far"))
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1] && run.skipped.map(\.path) == ["step_2"])
    }

    @Test func anAbsoluteLinkIntoTheRunIsALink() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.link("latest.safetensors", to: Paths.join(temporary.path, "ckpt_1.safetensors"))
        let run = try temporary.discover()
        #expect(run.aliases.map(\.original) == ["ckpt_1.safetensors"])
    }
}
