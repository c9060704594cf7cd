import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// What `varve bench` lets pass as restored.
@Suite struct BenchmarkRunTests {
    let directory = try! TemporaryDirectory()

    /// Two checkpoints, each a directory.
    private func makeRun() throws -> String {
        for step in 1...2 {
            let name = "run/checkpoint-\(step)/"
            let model = SafetensorsMaker.file([TestTensor("w", shape: [64, 32], seed: 1, step: step)])
            try directory.write(model, to: name + "model.safetensors")
            try directory.write(Array("{\"global_step\": \(step)}".utf8), to: name + "trainer_state.json")
        }
        return directory.file("run")
    }

    /// The last step's report, and the step restored to `out`.
    private func restored(_ run: String, _ method: CompressionOptions.Method) async throws -> Report.Step {
        let archive = directory.file("a.varve")
        _ = try await Compressor(run: run, archive: archive, options: CompressionOptions(method: method)).compress()
        try await Restorer(archive: archive, options: RestoreOptions(selection: .latest))
            .restore(to: directory.file("out"))
        return try #require(try Reporter(archive: archive).report().steps.last)
    }

    private func change(_ name: String, at position: Int, by count: Int = 0) throws {
        var bytes = try directory.read("out/" + name)
        bytes[position] ^= 1
        bytes.removeLast(count)
        try directory.write(bytes, to: "out/" + name)
    }

    /// A file, and a directory of files.
    @Test(arguments: [true, false]) func whatIsExactIsComparedByteForByte(isFile: Bool) async throws {
        let run = isFile ? Fixture.oddRun : try makeRun()
        let report = try await restored(run, .lossless), checkpoints = try BenchmarkRun(run: run)
        #expect(try checkpoints.compare(report, restoredTo: directory.file("out")))
        let name = try #require(try SystemCalls.list(directory.file("out")).first)
        let last = Int(try InputFile(directory.file("out/" + name)).byteCount) - 1
        try change(name, at: last)
        let error = try #require(throws: VarveError.self) {
            try checkpoints.compare(report, restoredTo: directory.file("out"))
        }
        #expect(error.code == .different && error.location.offset == UInt64(last))
        #expect(error.location.file?.hasSuffix(name) == true)
        try SystemCalls.unlink(directory.file("out/" + name))
        #expect(throws: VarveError.self) { try checkpoints.compare(report, restoredTo: directory.file("out")) }
    }

    /// The weights are quantized, the trainer's state is not.
    @Test(arguments: [("model.safetensors", 1), ("trainer_state.json", 0)])
    func whatIsLossyHasItsSizeAndTheRestIsExact(name: String, missing: Int) async throws {
        let run = try makeRun(), checkpoints = try BenchmarkRun(run: run)
        let report = try await restored(run, .transform(TransformOptions()))
        #expect(try checkpoints.compare(report, restoredTo: directory.file("out")) == false)
        try change(name, at: 4, by: missing)
        let error = try #require(throws: VarveError.self) {
            try checkpoints.compare(report, restoredTo: directory.file("out"))
        }
        #expect(error.code == .different && error.location.file == "checkpoint-2/" + name)
    }

    @Test func aSecondNameOfALossyFileIsAsLossy() async throws {
        let run = try makeRun(), checkpoints: BenchmarkRun
        try SystemCalls.link(
            run + "/checkpoint-2/model.safetensors", run + "/checkpoint-2/second-name.safetensors")
        checkpoints = try BenchmarkRun(run: run)
        let report = try await restored(run, .transform(TransformOptions()))
        #expect(try SystemCalls.list(directory.file("out")).contains("second-name.safetensors"))
        #expect(try checkpoints.compare(report, restoredTo: directory.file("out")) == false)
    }

    @Test func theNewestOfTheChosenStepsAreTaken() throws {
        func steps(_ ranges: [ClosedRange<Int>]?, _ limit: Int?) throws -> [Int] {
            try BenchmarkRun(run: Fixture.oddRun, steps: ranges, limit: limit).checkpoints.map(\.step)
        }
        #expect(
            try steps(nil, nil) == [100, 200, 300] && steps(nil, 2) == [200, 300] && steps(nil, 9) == [100, 200, 300])
        #expect(try steps([0...200], 1) == [200] && steps([300...300, 0...100], nil) == [100, 300])
        #expect(throws: VarveError.self) { try steps([101...199], nil) }
    }

    @Test func aFileThatIsGoneIsSaidToHaveChanged() throws {
        try directory.write(
            SafetensorsMaker.file([TestTensor("w", shape: [100], seed: 1)]), to: "run/step_1.safetensors")
        let checkpoints = try BenchmarkRun(run: directory.file("run"))
        try checkpoints.read()
        try SystemCalls.unlink(directory.file("run/step_1.safetensors"))
        let error = try #require(throws: VarveError.self) { try checkpoints.read() }
        #expect(error.code == .sourceChanged)
    }
}
