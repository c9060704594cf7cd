import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles
import Testing
@testable import Varve
import VarveTestSupport

/// What may go, and what never.
struct SourceRemovalTests {
    private static let run = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 4)

    private func compress(
        _ shop: RunWorkshop, _ method: CompressionOptions.Method = TestMethods.lossless, keepLast: Int = 2
    ) async throws -> CompressionResult {
        try await Compressor(
            run: shop.path("run"), archive: shop.path("a.varve"),
            options: CompressionOptions(method: method, removal: SourceRemoval(keepLast: keepLast))
        ).compress()
    }

    private func names(_ shop: RunWorkshop) throws -> [String] { try SystemCalls.list(shop.path("run")) }

    @Test(arguments: TestMethods.all)
    func allButTheNewestGoAndEveryStepRestores(method: CompressionOptions.Method) async throws {
        let shop = RunWorkshop()
        try shop.write(Self.run.steps())
        let before = try Trees.content(shop.path("run"))
        let result = try await compress(shop, method)
        #expect(result.removed == [10, 20] && result.removedBytes == UInt64(before["ckpt_10.pt"]!.count * 2))
        #expect(try names(shop) == ["ckpt_30.pt", "ckpt_40.pt"])
        let back = try await shop.restore()
        #expect(Set(back.keys) == Set(before.keys))
        if method == TestMethods.lossless { #expect(back == before) }
        // The next call finds nothing new, and removes nothing more.
        #expect(try await compress(shop, method).removed == [])
    }

    @Test func nothingGoesUnlessItIsAskedFor() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.run.steps())
        #expect(try await shop.compress().removed == nil)
        #expect(try names(shop).count == 4)
    }

    @Test func whatWasCompressedAtAnotherQualityStays() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.run.steps())
        try await shop.compress("run", "a.varve", TestMethods.small)
        for method in [TestMethods.lossless, TestMethods.high, TestMethods.excp] {
            let result = try await compress(shop, method)
            #expect(result.removed == [])
            #expect(result.notices.contains { $0.contains("ckpt_10.pt stays") && $0.contains("lossy") })
        }
        #expect(try await compress(shop, TestMethods.small).removed == [10, 20])
    }

    @Test func aFileThatChangedAfterItWasCompressedStays() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.run.steps())
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        // One byte of a weight, size and time as before.
        let path = shop.path("run/ckpt_10.pt")
        let time = try FileIdentity(path: path).modified
        var bytes = try Trees.bytes(path)
        let file = try #require(try TensorFile.open(MemorySource(bytes)))
        bytes[Int(file.storages[0].fileOffset)] ^= 1
        try Trees.write(bytes, to: path)
        try SystemCalls.setModificationTime(path, nanoseconds: time)
        let result = try await compress(shop)
        #expect(result.removed == [20])
        #expect(try Trees.bytes(path) == bytes)
    }

    @Test func aDamagedStepKeepsItsOriginalAndThoseThatBuildOnIt() async throws {
        let shop = RunWorkshop()
        var run = Self.run
        // Of one weight the later steps have what this one stores.
        for index in 2..<4 { run.values[index][1] = run.values[1][1] }
        try shop.write(run.steps())
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        let part = shop.path("a.varve/steps/000000000020/0000.part")
        var bytes = try Trees.bytes(part)
        // Weights come first.
        bytes[bytes.count / 8] ^= 0x10
        try Trees.write(bytes, to: part)
        #expect(try await compress(shop, keepLast: 0).removed == [10])
        #expect(try names(shop) == ["ckpt_20.pt", "ckpt_30.pt", "ckpt_40.pt"])
    }

    @Test func directoriesGoWholeUnlessSomethingHasComeIntoThem() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
            try Trees.write(Array("notes".utf8), to: shop.path("run/step_\(step.number)/notes.txt"))
        }
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        try Trees.write([1], to: shop.path("run/step_10/mine.txt"))
        let result = try await compress(shop)
        #expect(result.removed == [20])
        #expect(try names(shop) == ["step_10", "step_30", "step_40"])
        #expect(result.notices.contains { $0.contains("step_10 stays") })
    }

    /// Python writes a loss that is no number as `NaN`, and a path whose bytes are no UTF-8 with lone surrogates.
    @Test(arguments: ["0.5", "NaN", "[Infinity, -Infinity]", #""caf\udce9""#])
    func whatALinkOrTheTrainersStateLeadsToStays(loss: String) async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            let directory = shop.path("run/checkpoint-\(step.number)")
            try Trees.write(step.file(), to: directory + "/pytorch_model.bin")
            let state =
                #"{"global_step": \#(step.number), "best_model_checkpoint": "/elsewhere/run/checkpoint-20", "#
                + #""log_history": [{"loss": \#(loss)}]}"#
            try Trees.write(Array(state.utf8), to: directory + "/trainer_state.json")
        }
        try SystemCalls.symbolicLink(target: "checkpoint-10", at: shop.path("run/favourite"))
        let result = try await compress(shop, keepLast: 1)
        #expect(result.removed == [30])
        #expect(result.notices.contains { $0.contains("checkpoint-10 stays") && $0.contains("link") })
        #expect(result.notices.contains { $0.contains("checkpoint-20 stays") && $0.contains("best") })
    }

    @Test func aCheckpointWhoseFileLiesElsewhereStaysAndTheReasonIsTrue() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
        }
        try Trees.write(Self.run.steps()[0].file(), to: shop.path("elsewhere/model.pt"))
        try SystemCalls.unlink(shop.path("run/step_10/model.pt"))
        try SystemCalls.symbolicLink(target: shop.path("elsewhere/model.pt"), at: shop.path("run/step_10/model.pt"))
        let result = try await compress(shop)
        #expect(result.removed == [20])
        #expect(
            result.notices.contains { $0.contains("step_10 stays: step_10/model.pt is a link to a file elsewhere") })
        #expect(try SystemCalls.list(shop.path("elsewhere")) == ["model.pt"])
    }

    /// A removal that is killed has given the directory a name under which nobody takes half of it for a checkpoint.
    @Test func aKilledRemovalIsFinishedByTheNextCall() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
            try Trees.write(Array("notes".utf8), to: shop.path("run/step_\(step.number)/notes.txt"))
        }
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        for step in [10, 20] {
            try SystemCalls.rename(
                shop.path("run/step_\(step)"), shop.path("run/\(Run.removalPrefix)step_\(step)"))
        }
        try SystemCalls.unlink(shop.path("run/\(Run.removalPrefix)step_10/notes.txt"))
        try Trees.write([7], to: shop.path("run/\(Run.removalPrefix)step_20/notes.txt"))
        let result = try await compress(shop)
        #expect(try names(shop) == ["\(Run.removalPrefix)step_20", "step_30", "step_40"])
        #expect(result.notices.contains { $0.contains("step_20") && $0.contains("interrupted removal") })
    }

    /// A watch finishes removals after every step, and may not have looked at the run again in between.
    @Test func aRemovalThatIsFinishedAlreadyIsNoError() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
        }
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        try SystemCalls.rename(shop.path("run/step_10"), shop.path("run/\(Run.removalPrefix)step_10"))
        let seen = try Run.discover(shop.path("run"))
        #expect(seen.removals == ["\(Run.removalPrefix)step_10"])
        for _ in 0..<2 {
            let left = try SourceFiles.finishRemovals(of: seen, archive: try ArchiveReader(shop.path("a.varve")))
            #expect(left == [])
        }
        #expect(try names(shop) == ["step_20", "step_30", "step_40"])
    }

    /// What is no directory was never a checkpoint that Varve hid, whatever it is called.
    @Test func aFileUnderTheNameOfAnInterruptedRemovalStays() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
        }
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        try Trees.write([1, 2, 3], to: shop.path("run/\(Run.removalPrefix)step_10"))
        let seen = try Run.discover(shop.path("run")), archive = try ArchiveReader(shop.path("a.varve"))
        let left = try SourceFiles.finishRemovals(of: seen, archive: archive)
        #expect(left.count == 1 && left[0].contains("look at it yourself"))
        #expect(try names(shop).contains("\(Run.removalPrefix)step_10"))
    }

    @Test func aRemovalThatFailsLeavesTheCheckpointWhole() async throws {
        let shop = RunWorkshop()
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
        }
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        let before = try Trees.content(shop.path("run"))
        let failing = FailingCalls(
            failAt: 0, 5, calls: [.rename], pathPart: shop.path("run/"), isLasting: true)
        let result = try await SystemCalls.withInjector(failing) { try await compress(shop) }
        #expect(result.removed == [] && result.notices.filter { $0.contains("stays") }.count == 2)
        #expect(try Trees.content(shop.path("run")) == before)
    }
}
