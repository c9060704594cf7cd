import ChainArchive
import FileSystem
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Tensors that nothing says a thing about.
@Suite struct NotUnderstoodTests {
    let directory = try! TemporaryDirectory()

    /// A list of tensors, which is no state dict, that go on a little from step to step.
    private func write(_ run: String, steps: Int = 4) throws {
        var random = SplitMix64(seed: 4)
        var values = (0..<4).map { _ in (0..<3000).map { _ in Float(random.uniform() - 0.5) } }
        for number in 1...steps {
            var writer = PickleWriter()
            writer.opcode(0x7D)
            writer.mark()
            writer.string("step")
            writer.int(10 * number)
            writer.string("kept")
            writer.opcode(0x5D)
            writer.mark()
            for index in values.indices {
                writer.tensor(storage: "\(index)", count: 3000, shape: [60, 50])
                for position in values[index].indices { values[index][position] += 1e-5 * Float(random.uniform()) }
            }
            writer.opcode(0x65, 0x75)
            let storages = values.enumerated().map { ("\($0.offset)", FloatFormat.f32.bytes($0.element)) }
            try Trees.write(
                TorchMaker.zip(pickle: writer.finished(), storages: storages),
                to: Paths.join(run, "checkpoint-\(10 * number).pt"))
        }
    }

    private func size(_ run: String, _ method: CompressionOptions.Method, _ name: String) async throws -> UInt64 {
        let archive = directory.file(name)
        _ = try await Compressor(run: run, archive: archive, options: CompressionOptions(method: method)).compress()
        #expect(try await Verifier(archive: archive, deep: true, against: run).verify().isIntact)
        return try Trees.content(archive).values.reduce(0) { $0 + UInt64($1.count) }
    }

    /// The records of a quantizing method may have some bytes more.
    @Test(arguments: [TestMethods.transform, TestMethods.excp])
    func theyTakeNoMoreThanUnderLossless(method: CompressionOptions.Method) async throws {
        let run = directory.file("run")
        try write(run)
        let lossless = try await size(run, TestMethods.lossless, "lossless.varve")
        let quantizing = try await size(run, method, "quantizing.varve")
        #expect(quantizing <= lossless + lossless / 100)
    }

    /// What one call has at hand another one finds in the archive.
    @Test func appendingChangesNothing() async throws {
        let run = directory.file("run"), later = directory.file("later"), steps = 4
        try write(run)
        _ = try await size(run, TestMethods.transform, "at-once.varve")
        for number in 1...steps {
            let name = "checkpoint-\(10 * number).pt"
            try Trees.write(try Trees.bytes(Paths.join(run, name)), to: Paths.join(later, name))
            _ = try await Compressor(
                run: later, archive: directory.file("appended.varve"),
                options: CompressionOptions(method: TestMethods.transform)
            ).compress()
        }
        let atOnce = try Trees.content(directory.file("at-once.varve"))
        let appended = try Trees.content(directory.file("appended.varve"))
        for (path, bytes) in atOnce where path.hasSuffix(".part") { #expect(appended[path] == bytes, "\(path)") }
        #expect(atOnce.keys.contains { $0.hasSuffix(".part") })
    }
}
