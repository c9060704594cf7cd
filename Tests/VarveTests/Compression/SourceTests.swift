import Testing
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// Checkpoints that are broken, hostile, foreign or being written: a clear word, nothing lost.
@Suite struct SourceTests {
    let directory = try! TemporaryDirectory()

    @Test func aTruncatedCheckpointIsSkippedAndNamed() async throws {
        let run = Paths.join(directory.path, "run")
        try Trees.copy(Fixture.trainerRun, run)
        let steps = try Inspector(path: run).inspect().steps
        let victim = Paths.join(run, steps[1].checkpoint)
        for name in ["model.safetensors", "optimizer.pt"] {
            let path = Paths.join(victim, name)
            let bytes = try Trees.bytes(path)
            try Trees.write(Array(bytes[..<(bytes.count * 2 / 3)]), to: path)
            let archive = Paths.join(directory.path, "truncated-\(name).varve")
            let result = try await Compressor(run: run, archive: archive).compress()
            #expect(result.added == [steps[0].step] + steps[2...].map(\.step))
            #expect(result.skipped.count == 1)
            #expect(result.skipped.first?.path == steps[1].checkpoint)
            #expect(result.skipped.first?.reason.contains(name) == true)
            try Trees.write(bytes, to: path)
            // Complete now: the next call adds it, between its neighbours.
            let again = try await Compressor(run: run, archive: archive).compress()
            #expect(again.added == [steps[1].step] && again.skipped.isEmpty)
            let verified = try await Verifier(archive: archive, deep: true).verify()
            #expect(verified.isIntact)
        }
    }

    /// Its exact tensors are not copied for the next step to build on, they are read where they stand.
    @Test(arguments: ["other bytes", "nothing", "no file"])
    func aStepThatIsWrittenOverOnceItIsStoredCostsTheNextOneNothing(what: String) async throws {
        let run = Paths.join(directory.path, "run"), archive = Paths.join(directory.path, "a.varve")
        try Trees.copy(Fixture.trainerRun, run)
        let steps = try Inspector(path: run).inspect().steps
        let first = Paths.join(Paths.join(run, steps[0].checkpoint), "model.safetensors")
        let bytes = try Trees.bytes(first)
        let expected = Paths.join(directory.path, "expected.varve")
        let options = CompressionOptions(method: .lossless)
        _ = try await Compressor(run: run, archive: expected, options: options).compress()
        let result = try await Compressor(run: run, archive: archive, options: options).compress { event in
            guard case .finished(steps[0].step, _, _) = event else { return }
            switch what {
            case "other bytes": try? Trees.overwrite(Array(bytes.reversed()), at: first)
            case "nothing": try? Trees.overwrite([], at: first)
            default: try? SystemCalls.unlink(first)
            }
        }
        #expect(result.added == steps.map(\.step) && result.skipped.isEmpty)
        for step in try Trees.content(expected) where step.key.hasSuffix(".part") {
            #expect(try Trees.content(archive)[step.key] == step.value, "\(step.key)")
        }
        #expect(try await Verifier(archive: archive, deep: true).verify().isIntact)
    }

    @Test func everyTruncationOfACheckpointFileIsHandled() async throws {
        let run = Paths.join(directory.path, "run")
        try Trees.copy(Fixture.oddRun, run)
        guard let file = try Inspector(path: run).inspect().steps.last?.checkpoint else { return }
        let path = Paths.join(run, file)
        let bytes = try Trees.bytes(path)
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
            try Trees.write(Array(bytes[..<length]), to: path)
            let archive = Paths.join(directory.path, "cut-\(length).varve")
            let result = try await Compressor(run: run, archive: archive).compress()
            #expect(result.skipped.map(\.path) == [file], "length \(length): \(result)")
        }
    }

    @Test func mutatedCheckpointFilesNeverTrap() async throws {
        let run = Paths.join(directory.path, "run")
        try Trees.copy(Fixture.oddRun, run)
        guard let file = try Inspector(path: run).inspect().steps.last?.checkpoint else { return }
        let path = Paths.join(run, file)
        let bytes = try Trees.bytes(path)
        var generator = SplitMix64(seed: 11)
        for round in 0..<60 {
            var damaged = bytes
            for _ in 0..<(1 + round % 4) {
                damaged[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            try Trees.write(damaged, to: path)
            let archive = Paths.join(directory.path, "mutated-\(round).varve")
            let result = try await Compressor(run: run, archive: archive).compress()
            if result.added.count == 3 {
                // It was taken for good: then it comes back, and what is no tensor value comes back as it was.
                let verified = try await Verifier(archive: archive, deep: true).verify()
                #expect(verified.isIntact, "round \(round)")
            } else {
                #expect(result.skipped.count >= 1)
            }
        }
    }

    @Test func filesThatAreNotUnderstoodComeBackExactly() async throws {
        let run = Paths.join(directory.path, "foreign")
        var generator = SplitMix64(seed: 3)
        for step in [10, 20, 30] {
            let folder = Paths.join(run, "global_step\(step)")
            var noise = [UInt8](repeating: 0, count: 100_000)
            for index in noise.indices { noise[index] = UInt8(truncatingIfNeeded: generator.next()) }
            try Trees.write(noise, to: Paths.join(folder, "unknown.bin"))
            try Trees.write([], to: Paths.join(folder, "empty"))
            try Trees.write(Array("step \(step)".utf8), to: Paths.join(folder, "deep/er/note.txt"))
        }
        try Trees.write(Array("global_step30".utf8), to: Paths.join(run, "latest"))
        let archive = Paths.join(directory.path, "foreign.varve")
        let result = try await Compressor(run: run, archive: archive).compress()
        #expect(result.added == [10, 20, 30])
        let output = Paths.join(directory.path, "back")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        #expect(try Trees.differences(run, output) == [])
    }

    @Test func linksAndCopiesCostNothingTwiceAndComeBackAsTheyWere() async throws {
        let run = Paths.join(directory.path, "linked")
        try Trees.copy(Fixture.oddRun, run)
        guard let newest = try Inspector(path: run).inspect().steps.last?.checkpoint else { return }
        let plain = Paths.join(directory.path, "plain.varve"), archive = Paths.join(directory.path, "linked.varve")
        _ = try await Compressor(run: run, archive: plain).compress()
        try SystemCalls.link(Paths.join(run, newest), Paths.join(run, "model_best.pth.tar"))
        try Trees.copy(Paths.join(run, newest), Paths.join(run, "last_copy.pt"))
        _ = try await Compressor(run: run, archive: archive).compress()
        #expect(try Trees.differences(Paths.join(plain, "steps"), Paths.join(archive, "steps")) == [])
        func size(_ path: String) throws -> Int { try Trees.content(path).values.reduce(0) { $0 + $1.count } }
        #expect(try size(archive) < size(plain) + 400)
        let output = Paths.join(directory.path, "back")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let back = try Trees.content(output)
        #expect(back["last_copy.pt"] == back[newest])
        let best = try FileIdentity(path: Paths.join(output, "model_best.pth.tar"))
        #expect(try best.inode == FileIdentity(path: Paths.join(output, newest)).inode)
    }

    @Test func nothingThatLooksLikeACheckpointIsAUsageError() async throws {
        let run = Paths.join(directory.path, "nothing")
        try Trees.write([1, 2, 3], to: Paths.join(run, "readme.txt"))
        let archive = Paths.join(directory.path, "nothing.varve")
        do throws(VarveError) {
            _ = try await Compressor(run: run, archive: archive).compress()
            Issue.record("it was compressed")
        } catch {
            #expect(error.code == .usage)
        }
        #expect(!Directories.exists(archive))
    }

    @Test(arguments: TestMethods.both)
    func valuesThatCannotBeQuantizedAreExact(method: CompressionOptions.Method) async throws {
        let archive = Paths.join(directory.path, "odd.varve")
        _ = try await Compressor(
            run: Fixture.oddRun, archive: archive, options: CompressionOptions(method: method)
        ).compress()
        let report = try Reporter(archive: archive).report()
        let last = report.steps[1...]
        #expect(last.contains { $0.notes.contains { $0.contains("NaN") } })
        #expect(last.contains { step in step.tensors.contains { !$0.isExact } })
        for step in last {
            for tensor in step.tensors where !tensor.dtype.isQuantizable {
                #expect(tensor.isExact)
            }
        }
    }
}
