import Foundation
import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// Checkpoints that are being written, cut off or miss a part are skipped with a reason, and nothing of them is kept.
@Suite struct IncompleteTests {
    private func check(_ temporary: TemporaryRun, steps: [Int], skipped: [String], _ code: VarveError.Code? = nil)
        throws
    {
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == steps)
        #expect(run.skipped.map(\.path) == skipped)
        if let code { #expect(run.skipped.allSatisfy { $0.reason.code == code }, "\(run.skipped)") }
        let kept = Set(run.extras.map(\.path)).union(run.steps.flatMap { $0.entries.map(\.path) })
        #expect(kept.allSatisfy { path in !skipped.contains { path == $0 || path.hasPrefix($0 + "/") } })
    }

    @Test(arguments: ["ckpt_2.safetensors.tmp", ".tmpAbC123", "tmp.safetensors", "ckpt_2.safetensors.part"])
    func temporaryFilesAreSkipped(name: String) throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.write(name, SmallSafetensors.weights(2))
        try check(temporary, steps: [1], skipped: [name], .incomplete)
    }

    @Test func aFileIsSkippedAtEveryLengthItWasCutTo() throws {
        let whole = SmallSafetensors.weights(2)
        for length in stride(from: 0, to: whole.count, by: 7) {
            let temporary = try TemporaryRun()
            try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
            try temporary.write("ckpt_2.safetensors", Array(whole.prefix(length)))
            let run = try temporary.discover()
            #expect(run.steps.count == 1 && run.skipped.map(\.path) == ["ckpt_2.safetensors"], "\(length)")
        }
    }

    @Test func aTrainerDirectoryIsSkippedAtEveryLengthItsLastFileWasCutTo() throws {
        // As Python writes it, with what is no JSON.
        let state = Array(
            #"{"global_step": 2, "log_history": [{"loss": NaN, "note": "a \" } b"}, {"loss": 1.5}]}"#.utf8)
        for length in 0...state.count {
            let temporary = try TemporaryRun()
            for step in [1, 2] {
                try temporary.write("checkpoint-\(step)/model.safetensors", SmallSafetensors.weights(Float(step)))
                try temporary.write(
                    "checkpoint-\(step)/trainer_state.json",
                    step == 1 ? Array(#"{"global_step": 1}"#.utf8) : Array(state.prefix(length)))
            }
            let isWhole = length == state.count
            try check(temporary, steps: isWhole ? [1, 2] : [1], skipped: isWhole ? [] : ["checkpoint-2"], .truncated)
        }
    }

    @Test func aTrainerDirectoryWithoutItsLastFileIsSkipped() throws {
        let temporary = try TemporaryRun()
        for step in [1, 2, 3] {
            try temporary.write("checkpoint-\(step)/model.safetensors", SmallSafetensors.weights(Float(step)))
            if step < 3 { try temporary.write("checkpoint-\(step)/trainer_state.json", "{\"global_step\": \(step)}") }
        }
        try check(temporary, steps: [1, 2], skipped: ["checkpoint-3"], .incomplete)
    }

    @Test func aCutFileInADirectoryIsNamed() throws {
        let temporary = try TemporaryRun()
        for step in [1, 2] {
            let bytes = SmallSafetensors.weights(Float(step))
            try temporary.write("step_\(step)/model.safetensors", step == 2 ? Array(bytes.dropLast(3)) : bytes)
        }
        try check(temporary, steps: [1], skipped: ["step_2"])
        let reason = try temporary.discover().skipped[0].reason
        #expect(reason.location.file?.hasSuffix("step_2/model.safetensors") == true)
    }

    @Test func aMissingShardOrTensorIsNamed() throws {
        for present in [
            ["model-00001-of-00002.safetensors"],
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
        ] {
            let temporary = try TemporaryRun()
            try temporary.write("checkpoint-1/model.safetensors", SmallSafetensors.weights(1))
            try temporary.write("checkpoint-1/trainer_state.json", "{\"global_step\": 1}")
            for name in present {
                try temporary.write("checkpoint-2/\(name)", SmallSafetensors.bytes([(name, [1, 2])]))
            }
            try temporary.write("checkpoint-2/trainer_state.json", "{\"global_step\": 2}")
            try temporary.write(
                "checkpoint-2/model.safetensors.index.json",
                """
                {"metadata": {}, "weight_map": {"model-00001-of-00002.safetensors": "model-00001-of-00002.safetensors",
                 "b": "model-00002-of-00002.safetensors"}}
                """)
            try check(temporary, steps: [1], skipped: ["checkpoint-2"], .incomplete)
        }
    }

    @Test(arguments: [#"{"metadata": {"loss": nan}, "weight_map": {}}"#, "{}", #"{"weight_map": {"w": 1}}"#, "[]"])
    func anIndexOfShardsThatCannotBeReadIsNamed(index: String) throws {
        let temporary = try TemporaryRun()
        for step in [1, 2] {
            try temporary.write("step_\(step)/model.safetensors", SmallSafetensors.weights(Float(step)))
        }
        try temporary.write("step_2/model.safetensors.index.json", index)
        try check(temporary, steps: [1], skipped: ["step_2"], .malformed)
        let reason = try temporary.discover().skipped[0].reason
        #expect(reason.location.file?.hasSuffix("step_2/model.safetensors.index.json") == true)
        #expect(reason.cause is VarveError)
        try temporary.write("model.safetensors.index.json", index)
        let error = #expect(throws: VarveError.self) { try Run.model(in: temporary.path) }
        #expect(error?.code == .malformed)
    }

    @Test func orbaxsMarkersAreNeeded() throws {
        let temporary = try TemporaryRun()
        let manifest: [UInt8] = [0x0C, 0xDB, 0x3A, 0x2A, 16, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]
        for step in [10, 20, 30] {
            try temporary.write("\(step)/default/manifest.ocdbt", step == 30 ? Array(manifest.dropLast()) : manifest)
            try temporary.write("\(step)/default/d/0123", "data")
            if step != 20 { try temporary.write("\(step)/_CHECKPOINT_METADATA", "{}") }
        }
        try temporary.write("40.orbax-checkpoint-tmp-5/default/x", "data")
        try check(temporary, steps: [10], skipped: ["20", "30", "40.orbax-checkpoint-tmp-5"], .incomplete)
    }

    @Test func aTrackerThatNamesAnEarlierStepMarksTheNewestUnfinished() throws {
        let temporary = try TemporaryRun()
        for step in [10, 20] {
            try temporary.write("global_step\(step)/mp_rank_00_model_states.pt", Array("no container".utf8))
        }
        try temporary.write("latest", "global_step10")
        try check(temporary, steps: [10], skipped: ["global_step20"], .incomplete)
    }
}

extension IncompleteTests {
    @Test(arguments: [11, 700, 4096, 100_000])
    func aTorchFileThatIsCutOffIsSkipped(length: Int) throws {
        let source = try InputFile(Paths.join(RunFolders.fixtures, "nanogpt_style/ckpt_60.pt"))
        let whole = try source.bytes(at: 0, count: Int(source.byteCount))
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_40.pt", whole)
        try temporary.write("ckpt_80.pt", Array(whole.prefix(length)))
        let run = try temporary.discover()
        #expect(run.steps.map(\.path) == ["ckpt_40.pt"])
        #expect(run.skipped.map(\.path) == ["ckpt_80.pt"])
        #expect(run.skipped[0].number == 80)
    }

    @Test func aCutOptimizerTakesItsWeightsWithIt() throws {
        let source = try InputFile(Paths.join(RunFolders.fixtures, "hf_llama_lora/checkpoint-60/optimizer.pt"))
        let whole = try source.bytes(at: 0, count: Int(source.byteCount))
        let temporary = try TemporaryRun()
        for step in [10, 20] {
            try temporary.write("model_\(step).safetensors", SmallSafetensors.weights(Float(step)))
            try temporary.write("optimizer_\(step).pt", step == 20 ? Array(whole.dropLast(50)) : whole)
        }
        let run = try temporary.discover()
        #expect(run.steps.map(\.path) == ["model_10.safetensors"])
        #expect(run.skipped.map(\.path) == ["model_20.safetensors", "optimizer_20.pt"])
        #expect(run.extras.isEmpty)
    }
}
