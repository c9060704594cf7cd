import ChainArchive
import Glibc
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Runs that are unusual rather than hostile: nothing is lost, mixed up or dropped without a word.
@Suite struct UnusualRunsTests {
    let directory = try! TemporaryDirectory()

    private func path(_ name: String) -> String { Paths.join(directory.path, name) }

    private func compress(_ archive: String = "a.varve", _ options: CompressionOptions = CompressionOptions())
        async throws -> CompressionResult
    {
        try await Compressor(run: path("run"), archive: path(archive), options: options).compress()
    }

    @discardableResult
    private func restore(_ selection: RestoreOptions.Selection, _ output: String, archive: String = "a.varve")
        async throws -> [String: [UInt8]]
    {
        try await Restorer(archive: path(archive), options: RestoreOptions(selection: selection)).restore(
            to: path(output))
        return try Trees.content(path(output))
    }

    /// A checkpoint directory with a weight of this type and shape.
    private func checkpoint(_ step: Int, _ tensor: TestTensor) throws {
        try Trees.write(SafetensorsMaker.file([tensor]), to: path("run/checkpoint-\(step)/model.safetensors"))
        try Trees.write(Array("{\"global_step\": \(step)}".utf8), to: path("run/checkpoint-\(step)/trainer_state.json"))
    }

    // MARK: Chains

    @Test func aWeightOfAnotherTypeOrShapeBeginsAgainExactly() async throws {
        let values = SeededTensors.floats(256, seed: 1)
        let half = SeededTensors.bfloat16Bytes(of: values),
            other = SeededTensors.bfloat16Bytes(of: SeededTensors.floats(256, seed: 2))
        try checkpoint(1, TestTensor("w", dtype: "BF16", shape: [16, 16], bytes: half))
        try checkpoint(2, TestTensor("w", dtype: "F16", shape: [16, 16], bytes: other))
        try checkpoint(3, TestTensor("w", dtype: "F16", shape: [8, 32], bytes: half))
        _ = try await compress()
        let tensors = try Reporter(archive: path("a.varve")).report().steps.flatMap(\.tensors)
        #expect(tensors.count == 3 && tensors.allSatisfy(\.isExact))
        _ = try await restore(.all, "out")
        #expect(try Trees.differences(path("run"), path("out")) == [])
    }

    @Test func aBaseOfAnotherShapeIsNoBase() async throws {
        try checkpoint(1, TestTensor("w", shape: [16, 16], seed: 1))
        try Trees.write(
            SafetensorsMaker.file([TestTensor("w", shape: [8, 32], seed: 2), TestTensor("v", shape: [2], seed: 2)]),
            to: path("base/model.safetensors"))
        _ = try await compress("a.varve", CompressionOptions(base: path("base")))
        let step = try #require(Reporter(archive: path("a.varve")).report().steps.first)
        #expect(step.tensors.map(\.isExact) == [true])
    }

    @Test func aFileWrittenAgainAndAgainGivesEveryStepBack() async throws {
        var originals: [[UInt8]] = []
        for step in [10, 20] {
            try SmallRun.make(path("run"), steps: [step], named: { _ in "last.safetensors" })
            originals.append(try Trees.bytes(path("run/last.safetensors")))
            #expect(try await compress("a.varve", CompressionOptions(keyframeInterval: 1)).added == [step])
        }
        let content = try await restore(.all, "out")
        #expect(content["last.safetensors"] == originals[1])
        #expect(content["step-10/last.safetensors"] == originals[0])
    }

    @Test func aRunThatIsNotTheArchivesIsNotAlreadyThere() async throws {
        try SmallRun.make(path("run"))
        _ = try await compress()
        let again = try await compress()
        #expect(again.present == [10, 20] && again.skipped.isEmpty && again.notices.isEmpty)
        try Directories.remove(path("run"))
        try SmallRun.make(path("run"), named: { "other_\($0).safetensors" })
        #expect(try await compress().skipped.count == 2)
    }

    @Test func multiBlockPayloadFollowsItsFileWhateverItsSize() async throws {
        var random = SplitMix64(seed: 4)
        let noise = (0..<(6 << 20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for (step, size) in [(1, 5 << 20), (2, 6 << 20), (3, 1000), (4, 4 << 20)] {
            try checkpoint(step, TestTensor("w", shape: [4], seed: UInt64(step)))
            try Trees.write(Array(noise[..<size]), to: path("run/checkpoint-\(step)/noise.dat"))
        }
        _ = try await compress("a.varve", CompressionOptions(keyframeInterval: 10))
        let content = try await restore(.all, "out")
        for (step, size) in [(1, 5 << 20), (2, 6 << 20), (3, 1000), (4, 4 << 20)] {
            #expect(content["checkpoint-\(step)/noise.dat"]?.elementsEqual(noise[..<size]) == true)
        }
    }

    // MARK: Entries

    @Test func hardLinksAcrossStepsDoNotTieTheirRestoring() async throws {
        for step in [1, 2] { try checkpoint(step, TestTensor("w", shape: [4], seed: UInt64(step))) }
        try Trees.write([1, 2, 3], to: path("run/checkpoint-1/vocab"))
        try SystemCalls.link(path("run/checkpoint-1/vocab"), path("run/checkpoint-2/vocab"))
        try SystemCalls.link(path("run/checkpoint-1/vocab"), path("run/checkpoint-2/words"))
        _ = try await compress()
        let content = try await restore(.step(2), "two")
        #expect(content["vocab"] == [1, 2, 3] && content["words"] == [1, 2, 3])
        #expect(try FileIdentity(path: path("two/vocab")).inode == FileIdentity(path: path("two/words")).inode)
        try await restore(.all, "all")
        #expect(
            try Trees.differences(path("run"), path("all"))
                .filter { !$0.hasSuffix("model.safetensors") } == [])
    }

    @Test func largeHardLinkedExtrasDoNotKeepARunFromBeingRestored() async throws {
        try SmallRun.make(path("run"))
        let big = try OutputFile(path("run/big.log"), byteCount: (64 << 20) + 1)
        try big.commit(sync: false)
        try SystemCalls.link(path("run/big.log"), path("run/same.log"))
        let result = try await compress()
        #expect(result.notices.filter { $0.contains("left out") }.count == 2)
        #expect(try await restore(.all, "out").keys.sorted() == ["step_10.safetensors", "step_20.safetensors"])
    }

    @Test func namesOfCombiningLettersComeBack() async throws {
        for step in [1, 2] {
            try checkpoint(step, TestTensor("w", shape: [4], seed: UInt64(step)))
            try Trees.write([1], to: path("run/checkpoint-\(step)/\u{301}sub/\u{301}file"))
            try Trees.write([2], to: path("run/checkpoint-\(step)/\u{200D}"))
            try Trees.write([3], to: path("run/checkpoint-\(step)/z"))
        }
        _ = try await compress("a.varve", CompressionOptions(keyframeInterval: 1))
        try await restore(.all, "all")
        #expect(try Trees.differences(path("run"), path("all")) == [])
        let single = try await restore(.step(2), "single")
        #expect(single["z"] == [3] && single.count == 5)
    }

    @Test func namesThatDifferInUnicodeFormAreNotMixedUp() async throws {
        try checkpoint(1, TestTensor("w", shape: [4], seed: 1))
        try Trees.write([1], to: path("run/checkpoint-1/e\u{301}"))
        try Trees.write([2], to: path("run/checkpoint-1/\u{E9}"))
        let result = try await compress()
        #expect(result.skipped.contains { $0.reason.contains("Unicode") })
        let content = try await restore(.latest, "out")
        #expect(content["e\u{301}"] == [1])
    }

    @Test func whatIsNeitherFileNorDirectoryNorLinkIsNamed() async throws {
        try checkpoint(1, TestTensor("w", shape: [4], seed: 1))
        #expect(mkfifo(path("run/checkpoint-1/pipe"), 0o600) == 0)
        #expect(try await compress().notices.contains { $0.contains("checkpoint-1/pipe") })
    }

    @Test func filesOfOneNameInTwoDirectoriesBothComeBack() async throws {
        try SmallRun.make(path("run"), steps: [5])
        _ = try await compress()
        let forger = ArchiveForger(path("a.varve"))
        try forger.change(5) {
            $0.path = "deep/step_5.safetensors"
            $0.entries[0].path = "deep/step_5.safetensors"
            $0.entries.append(ArchiveForger.entry("step_5.safetensors", .file))
        }
        #expect(try await restore(.step(5), "out").keys.sorted() == ["deep/step_5.safetensors", "step_5.safetensors"])
    }

    @Test func emptyTensorsAndFilesComeBack() async throws {
        for step in [1, 2] {
            let file = SafetensorsMaker.file([
                TestTensor("none", shape: [0, 7], bytes: []), TestTensor("w", shape: [4], seed: UInt64(step)),
                TestTensor("one", shape: [], seed: 3),
            ])
            try Trees.write(file, to: path("run/step_\(step).safetensors"))
        }
        try Trees.write([], to: path("run/empty"))
        _ = try await compress("a.varve", CompressionOptions(keyframeInterval: 1))
        try await restore(.all, "out")
        #expect(try Trees.differences(path("run"), path("out")) == [])
    }

    /// None is made there any more; one that somebody moved there goes on.
    @Test func anArchiveInsideTheRunIsNoPartOfIt() async throws {
        try SmallRun.make(path("run"))
        _ = try await compress("kept")
        try SystemCalls.rename(path("kept"), path("run/kept"))
        let size = try Trees.content(path("run/kept")).count
        let again = try await compress("run/kept")
        #expect(again.present == [10, 20] && again.notices.contains { $0.contains("kept") })
        #expect(try Trees.content(path("run/kept")).count == size)
    }

    // MARK: Restoring

    @Test func noWeightsAloneIsAnErrorNotAnEmptyDirectory() async throws {
        _ = try await Compressor(run: Fixture.oddRun, archive: path("a.varve")).compress()
        let restorer = Restorer(
            archive: path("a.varve"), options: RestoreOptions(selection: .latest, onlyWeights: true))
        let error = await #expect(throws: VarveError.self) { try await restorer.restore(to: path("out")) }
        #expect(error?.code == .usage)
        #expect(!Directories.exists(path("out")))
    }

    @Test func aSecondRestoreToOneOutputIsLockedOutAndALeftoverIsNot() async throws {
        try SmallRun.make(path("run"))
        _ = try await compress()
        let staging = path(OutputFile.temporaryPrefix + "out")
        try Trees.write([1], to: Paths.join(staging, "left/over"))
        let descriptor = try SystemCalls.open(staging, flags: O_RDONLY | O_DIRECTORY)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        let error = await #expect(throws: VarveError.self) { try await restore(.all, "out") }
        #expect(error?.code == .locked)
        #expect(try Trees.content(staging) == ["left/over": [1]])
        close(descriptor)
        #expect(try await restore(.all, "out").count == 2)
        #expect(!Directories.exists(staging))
    }

    @Test func whatCannotBeReplacedIsFoundBeforeAnythingIs() async throws {
        try SmallRun.make(path("run"))
        _ = try await compress()
        try Trees.write([1], to: path("out/step_10.safetensors"))
        try Trees.write([2], to: path("out/step_20.safetensors/file"))
        let restorer = Restorer(archive: path("a.varve"), options: RestoreOptions(selection: .all, overwrite: true))
        let error = await #expect(throws: VarveError.self) { try await restorer.restore(to: path("out")) }
        #expect(error?.code == .exists)
        #expect(try Trees.content(path("out")) == ["step_10.safetensors": [1], "step_20.safetensors/file": [2]])
    }

    @Test func aSecondWriterIsLockedOut() async throws {
        try SmallRun.make(path("run"))
        let writer = try ArchiveWriter(path("a.varve"), writer: "test")
        let error = await #expect(throws: VarveError.self) { try await compress() }
        #expect(error?.code == .locked)
        withExtendedLifetime(writer) {}
    }

    @Test func cancellingLeavesAnArchiveThatGoesOn() async throws {
        try SmallRun.make(path("run"), steps: [1, 2, 3])
        let task = Task { [path = path("run"), archive = path("a.varve")] in
            try await Compressor(run: path, archive: archive).compress { event in
                if case .finished = event { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        let error = await #expect(throws: VarveError.self) { try await task.value }
        #expect(error?.code == .interrupted)
        #expect(try SystemCalls.list(path("a.varve/steps")) == ["000000000001"])
        #expect(try await compress().added == [2, 3])
    }

    @Test func aVerifierWithoutTheBaseSaysSoInsteadOfDamage() async throws {
        try checkpoint(1, TestTensor("w", shape: [16, 16], seed: 1, step: 1))
        try Trees.write(
            SafetensorsMaker.file([TestTensor("w", shape: [16, 16], seed: 1, step: 0)]),
            to: path("base/model.safetensors"))
        _ = try await compress("a.varve", CompressionOptions(base: path("base")))
        let error = await #expect(throws: VarveError.self) {
            try await Verifier(archive: path("a.varve"), deep: true).verify()
        }
        #expect(error?.code == .usage)
        let verified = try await Verifier(archive: path("a.varve"), deep: true, base: path("base")).verify()
        #expect(verified.isIntact)
    }

    @Test func aCheckpointThatGrowsWhileItIsReadIsSkipped() async throws {
        for step in [1, 2] { try checkpoint(step, TestTensor("w", shape: [4], seed: UInt64(step))) }
        let late = path("run/checkpoint-2/optimizer.pt")
        let result = try await Compressor(run: path("run"), archive: path("a.varve")).compress { event in
            if case .step(number: 2, _) = event { try? Trees.write([1], to: late) }
        }
        #expect(result.added == [1] && result.skipped.map(\.path) == ["checkpoint-2"])
    }
}
