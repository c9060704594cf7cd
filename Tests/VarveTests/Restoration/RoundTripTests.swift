import Testing
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// What is compressed comes back: exactly where it must, the same however it is asked for.
@Suite struct RoundTripTests {
    let directory = try! TemporaryDirectory()

    private func compress(
        _ run: String, _ name: String, _ method: CompressionOptions.Method = TestMethods.excp,
        _ change: (inout CompressionOptions) -> Void = { _ in }
    ) async throws -> String {
        var options = CompressionOptions(method: method)
        change(&options)
        let archive = Paths.join(directory.path, name)
        _ = try await Compressor(run: run, archive: archive, options: options).compress()
        return archive
    }

    private func restore(
        _ archive: String, _ selection: RestoreOptions.Selection, _ name: String, threads: Int = 0
    ) async throws -> String {
        let output = Paths.join(directory.path, name)
        try await Restorer(archive: archive, options: RestoreOptions(selection: selection, threads: threads))
            .restore(to: output)
        return output
    }

    @Test(arguments: [Fixture.trainerRun, Fixture.oddRun], [TestMethods.excp, TestMethods.exactKeyframes])
    func everyStepAKeyframeGivesEveryByteBack(run: String, method: CompressionOptions.Method) async throws {
        let archive = try await compress(run, "exact.varve", method) { $0.keyframeInterval = 1 }
        let all = try await restore(archive, .all, "all")
        #expect(try Trees.differences(run, all) == [])
    }

    @Test(arguments: [Fixture.trainerRun, Fixture.oddRun], TestMethods.chains)
    func aStepRestoredDirectlyEqualsTheChainRestoredStepByStep(run: String, method: CompressionOptions.Method)
        async throws
    {
        let archive = try await compress(run, "chain.varve", method)
        let all = try await restore(archive, .all, "all")
        let report = try Reporter(archive: archive).report()
        #expect(report.steps.count >= 3)
        for step in report.steps {
            let single = try await restore(archive, .step(step.number), "single-\(step.number)", threads: 1)
            let together = try Trees.content(all), alone = try Trees.content(single)
            for (path, bytes) in alone {
                let inRun = step.files.count == 1 || !step.path.contains(".") ? Paths.join(step.path, path) : path
                let found = together[inRun] ?? together[step.path] ?? together[path]
                #expect(found == bytes, "step \(step.number): \(path)")
            }
        }
    }

    @Test(arguments: [TestMethods.excp, TestMethods.transform, TestMethods.exactKeyframes])
    func payloadAndKeyframesComeBackByteForByte(method: CompressionOptions.Method) async throws {
        let archive = try await compress(Fixture.trainerRun, "payload.varve", method)
        let all = try await restore(archive, .all, "all")
        let report = try Reporter(archive: archive).report()
        var lossy = Set<String>()
        for step in report.steps {
            for tensor in step.tensors where !tensor.isExact { lossy.insert(tensor.file) }
            if step.isKeyframe, method != TestMethods.transform { #expect(step.tensors.allSatisfy { $0.isExact }) }
        }
        #expect(!lossy.isEmpty)
        let differing = try Trees.differences(Fixture.trainerRun, all)
        #expect(Set(differing).isSubset(of: lossy), "\(differing)")
    }

    @Test func theNumberOfThreadsDoesNotChangeTheArchive() async throws {
        let one = try await compress(Fixture.trainerRun, "one.varve") { $0.threads = 1 }
        for threads in [2, 3, 5] {
            let other = try await compress(Fixture.trainerRun, "other-\(threads).varve") { $0.threads = threads }
            #expect(try Trees.differences(one, other) == [])
        }
    }

    @Test(arguments: TestMethods.chains)
    func compressingInTwoCallsStoresTheSameParts(method: CompressionOptions.Method) async throws {
        for run in [Fixture.trainerRun, Fixture.oddRun] {
            let name = Paths.split(run).name
            let whole = try await compress(run, "whole-\(name).varve", method)
            let steps = try Reporter(archive: whole).report().steps
            // The run as it was when the second half was not there yet; then the first half is gone.
            let early = Paths.join(directory.path, "early/\(name)")
            try Trees.copy(run, early)
            for step in steps.dropFirst(2) {
                for file in step.files { try Directories.remove(Paths.join(early, file.path)) }
                if !step.path.contains(".") { try Directories.remove(Paths.join(early, step.path)) }
            }
            let archive = Paths.join(directory.path, "twice-\(name).varve")
            let options = CompressionOptions(method: method)
            let first = try await Compressor(run: early, archive: archive, options: options).compress()
            #expect(first.added.count == 2)
            let second = try await Compressor(run: run, archive: archive, options: options).compress()
            #expect(second.added.count == steps.count - 2)
            #expect(try Trees.differences(Paths.join(whole, "steps"), Paths.join(archive, "steps")) == [])
            let third = try await Compressor(run: run, archive: archive, options: options).compress()
            #expect(third.added.isEmpty && third.present.count == steps.count)
        }
    }

    @Test(arguments: TestMethods.chains)
    func aChainWhoseEarlierCheckpointsAreGoneGoesOn(method: CompressionOptions.Method) async throws {
        let run = Paths.join(directory.path, "rotated")
        try Trees.copy(Fixture.trainerRun, run)
        let whole = try await compress(run, "whole.varve", method)
        let steps = try Reporter(archive: whole).report().steps
        let archive = Paths.join(directory.path, "rotating.varve")
        let options = CompressionOptions(method: method)
        let waiting = Paths.join(directory.path, "waiting")
        try Directories.create(waiting)
        for step in steps { try SystemCalls.rename(Paths.join(run, step.path), Paths.join(waiting, step.path)) }
        for step in steps {
            try SystemCalls.rename(Paths.join(waiting, step.path), Paths.join(run, step.path))
            _ = try await Compressor(run: run, archive: archive, options: options).compress()
            try Directories.remove(Paths.join(run, step.path))
        }
        for step in steps {
            let part = "steps/\(String(repeating: "0", count: 12 - "\(step.number)".count))\(step.number)/0000.part"
            #expect(try Trees.bytes(Paths.join(whole, part)) == Trees.bytes(Paths.join(archive, part)))
        }
    }

    @Test(arguments: TestMethods.all)
    func reportedBytesAddUpToTheFilesOnDisk(method: CompressionOptions.Method) async throws {
        let archive = try await compress(Fixture.oddRun, "sum.varve", method)
        let report = try Reporter(archive: archive).report()
        let onDisk = try Trees.content(archive).values.reduce(0) { $0 + $1.count }
        #expect(report.total.storedBytes == UInt64(onDisk))
        for step in report.steps {
            let roles = step.roles.values.reduce(UInt64(0)) { $0 + $1.storedBytes }
            #expect(roles == step.total.storedBytes)
            let files = step.files.reduce(UInt64(0)) { $0 + $1.figures.originalBytes }
            #expect(step.total.originalBytes == files)
        }
    }

    @Test func theBaseSparesTheFirstKeyframe() async throws {
        let steps = try Reporter(archive: try await compress(Fixture.trainerRun, "plain.varve")).report().steps
        let run = Paths.join(directory.path, "tuned")
        try Trees.copy(Fixture.trainerRun, run)
        let base = Paths.join(directory.path, steps[0].path)
        try SystemCalls.rename(Paths.join(run, steps[0].path), base)
        let archive = try await compress(run, "tuned.varve") { $0.base = base }
        let report = try Reporter(archive: archive).report()
        #expect(report.steps[0].total.storedBytes * 3 < steps[0].total.storedBytes)
        let output = Paths.join(directory.path, "from-base")
        var options = RestoreOptions(selection: .step(steps[1].number))
        await #expect(throws: VarveError.self) {
            try await Restorer(archive: archive, options: options).restore(to: output)
        }
        #expect(!Directories.exists(output))
        options.base = base
        try await Restorer(archive: archive, options: options).restore(to: output)
        #expect(
            try Trees.content(output)["config.json"] == Trees.bytes(Paths.join(run, steps[1].path + "/config.json")))
        // Another checkpoint is not that base.
        options.base = Paths.join(run, steps[2].path)
        await #expect(throws: VarveError.self) {
            try await Restorer(archive: archive, options: options).restore(to: output + "2")
        }
    }

    @Test(arguments: TestMethods.chains)
    func onlyWeightsLeavesTheOptimizerOut(method: CompressionOptions.Method) async throws {
        let archive = try await compress(Fixture.trainerRun, "weights.varve", method)
        let output = Paths.join(directory.path, "weights")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .latest, onlyWeights: true)).restore(
            to: output)
        #expect(try Trees.content(output).keys.sorted() == ["model.safetensors"])
    }

    @Test func aRestoreOverwritesNothingUnasked() async throws {
        let archive = try await compress(Fixture.oddRun, "over.varve")
        let output = Paths.join(directory.path, "there")
        try Trees.write([1, 2, 3], to: Paths.join(output, "mine.txt"))
        await #expect(throws: VarveError.self) {
            try await Restorer(archive: archive, options: RestoreOptions(selection: .latest)).restore(to: output)
        }
        #expect(try Trees.content(output) == ["mine.txt": [1, 2, 3]])
        try await Restorer(archive: archive, options: RestoreOptions(selection: .latest, overwrite: true)).restore(
            to: output)
        #expect(try Trees.content(output)["mine.txt"] == [1, 2, 3])
        #expect(try Trees.content(output).count > 1)
    }
}
