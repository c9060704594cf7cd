import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Tensors that go out while they are decoded.
@Suite struct TensorStreamTests {
    let workshop = RunWorkshop()

    private func stream(
        _ archive: String = "a.varve", step: Int, names: [String] = [], onlyWeights: Bool = false, threads: Int = 0
    ) async throws -> StreamedBytes {
        let taken = StreamedBytes()
        var options = StreamOptions()
        (options.threads, options.onlyWeights) = (threads, onlyWeights)
        options.names = names.map { NamePattern($0) }
        options.scratch = workshop.directory.path
        try await Archive(at: workshop.path(archive)).streamTensors(of: step, options: options, to: taken.sink)
        return taken
    }

    private func exported(_ archive: String, step: Int) async throws -> [String: ExportedFiles.Tensor] {
        var options = RestoreOptions(selection: .step(step))
        options.format = .safetensors()
        let output = workshop.path("exported-\(step)")
        try await Restorer(archive: archive, options: options).restore(to: output)
        let names = try SystemCalls.list(output)
        let states =
            names.contains { $0.hasPrefix("optimizer") } ? try ExportedFiles(output, "optimizer").tensors : [:]
        return try ExportedFiles(output, "model").tensors.merging(states) { $1 }
    }

    @Test(arguments: ExportedRunsTests.names)
    func everyTensorOfAFixtureIsWhatAnExportHas(name: String) async throws {
        let archive = workshop.path("a.varve")
        _ = try await Compressor(
            run: SharedRuns.fixtures("runs/\(name)"), archive: archive, options: CompressionOptions(method: .lossless)
        ).compress()
        for step in try Archive(at: archive).steps {
            let wanted = try await exported(archive, step: step)
            let one = try await stream(step: step, threads: 1)
            #expect(try one.tensors(in: workshop.directory.path) == wanted, "\(name) \(step)")
            #expect(try await stream(step: step, threads: 3).bytes == one.bytes)
            let weights = try await stream(step: step, onlyWeights: true).tensors(in: workshop.directory.path)
            #expect(!weights.isEmpty && weights.allSatisfy { wanted[$0.key] == $0.value })
        }
        #expect(try SystemCalls.list(workshop.directory.path).allSatisfy { !$0.hasPrefix(".varve-tmp-") })
    }

    @Test(arguments: TestMethods.chains)
    func aLossyTensorIsTheOneThatIsRestored(method: CompressionOptions.Method) async throws {
        let archive = workshop.path("a.varve")
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: archive, options: CompressionOptions(method: method)
        ).compress()
        let wanted = try await exported(archive, step: 800)
        #expect(try await stream(step: 800).tensors(in: workshop.directory.path) == wanted)
        let some = try await stream(step: 800, names: ["lm_head.*", "*.exp_avg"]).tensors(
            in: workshop.directory.path)
        #expect(some == wanted.filter { $0.key.hasPrefix("lm_head.") || $0.key.hasSuffix(".exp_avg") })
    }

    /// Sizes that are no multiple of eight, all types, views and empty tensors: every one begins where its reader wants it.
    @Test func oddSizesKeepEveryTensorAtItsPlace() async throws {
        let tensors = [
            TestTensor("a", shape: [3], seed: 1), TestTensor("b", dtype: "I64", shape: [3], bytes: Array(0..<24)),
            TestTensor("c", dtype: "U8", shape: [5], bytes: Array(0..<5)), TestTensor("d", shape: [10, 10], seed: 2),
            TestTensor("e", dtype: "I16", shape: [1], bytes: [1, 2]), TestTensor("none", shape: [0, 4], bytes: []),
            TestTensor("f", dtype: "I64", shape: [], bytes: Array(0..<8)),
        ]
        try Trees.write(TorchMaker.zip(tensors), to: workshop.path("run/ckpt_10.pt"))
        try await workshop.compress("run", "a.varve", .lossless)
        let found = try await stream(step: 10).tensors(in: workshop.directory.path)
        #expect(found.count == tensors.count)
        for tensor in tensors { #expect(found[tensor.name]?.bytes == tensor.bytes, "\(tensor.name)") }
    }

    @Test func aNameThatFitsNothingIsAnError() async throws {
        try await workshop.roundTrip(DriftingRun([.init("a", [24, 32])], steps: 1, updates: 3).steps())
        let error = await #expect(throws: VarveError.self) {
            try await stream(step: 10, names: ["a", "nothing.*"])
        }
        #expect(error?.code == .usage)
    }

    /// Two tensors in records of their own, one of them damaged.
    private func damagedRun() async throws {
        let tensors = ["a", "b"].enumerated().map { TestTensor($1, shape: [600, 600], seed: UInt64($0 + 1)) }
        try Trees.write(TorchMaker.zip(tensors), to: workshop.path("run/ckpt_10.pt"))
        try await workshop.compress("run", "a.varve", .lossless)
        let part = try #require(try workshop.parts("a.varve").first)
        var bytes = part.value
        bytes[bytes.count / 4] ^= 1
        try Trees.write(bytes, to: Paths.join(workshop.path("a.varve"), part.key))
    }

    @Test func onlyWhatIsAskedForIsDecoded() async throws {
        try await damagedRun()
        let sound = try await stream(step: 10, names: ["b"]).tensors(in: workshop.directory.path)
        #expect(sound["b"]?.bytes == TestTensor("b", shape: [600, 600], seed: 2).bytes && sound.count == 1)
        var options = RestoreOptions(selection: .step(10))
        options.format = .safetensors()
        options.names = [NamePattern("b")]
        try await Restorer(archive: workshop.path("a.varve"), options: options).restore(to: workshop.path("b"))
        #expect(try ExportedFiles(workshop.path("b"), "model").tensors == sound)
    }

    @Test func aDamagedTensorIsNeverGivenOut() async throws {
        try await damagedRun()
        let taken = StreamedBytes()
        let error = await #expect(throws: VarveError.self) {
            try await Archive(at: workshop.path("a.varve")).streamTensors(of: 10, to: taken.sink)
        }
        #expect(error?.code == .damaged && error?.location.file?.hasSuffix("0000.part") == true)
        // The header, and nothing of what follows.
        #expect(taken.bytes.count < 1000)
    }

    @Test func tensorsByNameAreNotFiles() async throws {
        try await workshop.roundTrip(DriftingRun([.init("a", [24, 32])], steps: 1, updates: 3).steps())
        var options = RestoreOptions(selection: .latest)
        options.names = [NamePattern("a")]
        let error = await #expect(throws: VarveError.self) {
            try await Restorer(archive: workshop.path("a.varve"), options: options).restore(to: workshop.path("o"))
        }
        #expect(error?.code == .usage)
        options.format = .safetensors()
        options.names = [NamePattern("a.exp_avg")]
        try await Restorer(archive: workshop.path("a.varve"), options: options).restore(to: workshop.path("o"))
        #expect(try SystemCalls.list(workshop.path("o")) == ["optimizer.safetensors"])
    }

    @Test func whatTheSinkRefusesEndsIt() async throws {
        try await workshop.roundTrip(DriftingRun([.init("a", [24, 32])], steps: 1, updates: 3).steps())
        var options = StreamOptions()
        options.scratch = workshop.directory.path
        let error = await #expect(throws: VarveError.self) {
            try await Archive(at: workshop.path("a.varve")).streamTensors(of: 10, options: options) {
                (_) throws(VarveError) in throw VarveError(.noSpace, "full")
            }
        }
        #expect(error?.code == .noSpace)
        #expect(try SystemCalls.list(workshop.directory.path).allSatisfy { !$0.hasPrefix(".varve-tmp-") })
    }
}
