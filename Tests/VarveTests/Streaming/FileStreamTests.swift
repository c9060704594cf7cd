import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// One file of a step.
@Suite struct FileStreamTests {
    let workshop = RunWorkshop()

    private func read(_ name: String, of step: Int, _ archive: String = "a.varve") async throws -> [UInt8] {
        let taken = StreamedBytes()
        var options = StreamOptions()
        options.scratch = workshop.directory.path
        try await Archive(at: workshop.path(archive)).streamFile(name, of: step, options: options, to: taken.sink)
        return taken.bytes
    }

    @Test(arguments: TestMethods.chains)
    func everyFileIsWhatARestoreWrites(method: CompressionOptions.Method) async throws {
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: workshop.path("a.varve"), options: CompressionOptions(method: method)
        ).compress()
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(600)))
            .restore(to: workshop.path("o"))
        let files = try Trees.content(workshop.path("o"))
        #expect(files.count > 5)
        for (name, bytes) in files {
            #expect(try await read(name, of: 600) == bytes, "\(name)")
            #expect(try await read("checkpoint-600/\(name)", of: 600) == bytes, "\(name)")
        }
        #expect(try SystemCalls.list(workshop.directory.path).sorted() == ["a.varve", "o"])
    }

    @Test func whatIsNoFileIsSaid() async throws {
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: workshop.path("a.varve"),
            options: CompressionOptions(method: .lossless, steps: [600...600])
        ).compress()
        for (name, step, words) in [("nothing", 600, "config.json"), ("config.json", 7, "no step 7")] {
            let error = await #expect(throws: VarveError.self) { try await read(name, of: step) }
            #expect(error?.code == .usage && error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test func nothingOfADamagedFileIsGivenOut() async throws {
        let tensors = ["a", "b"].enumerated().map { TestTensor($1, shape: [600, 600], seed: UInt64($0 + 1)) }
        try Trees.write(TorchMaker.zip(tensors), to: workshop.path("run/ckpt_10.pt"))
        try await workshop.compress("run", "a.varve", .lossless)
        #expect(try await read("ckpt_10.pt", of: 10) == TorchMaker.zip(tensors))
        let part = try #require(try workshop.parts("a.varve").first)
        var bytes = part.value
        bytes[bytes.count * 3 / 4] ^= 1
        try Trees.write(bytes, to: Paths.join(workshop.path("a.varve"), part.key))
        let taken = StreamedBytes()
        let error = await #expect(throws: VarveError.self) {
            try await Archive(at: workshop.path("a.varve")).streamFile("ckpt_10.pt", of: 10, to: taken.sink)
        }
        #expect(error?.code == .damaged && taken.bytes.isEmpty)
    }

    @Test func momentsThatWereForgottenTakeTheirFilesWithThem() async throws {
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: workshop.path("a.varve"), options: CompressionOptions(method: .lossless)
        ).compress()
        _ = try Archive(at: workshop.path("a.varve")).forget(
            ForgetPolicy(steps: [600...600], momentsOnly: true))
        #expect(try await !read("model.safetensors", of: 600).isEmpty)
        let error = await #expect(throws: VarveError.self) { try await read("optimizer.pt", of: 600) }
        #expect(error?.code == .usage && error?.message.contains("forgotten") == true)
    }
}
