import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// Checkpoints of very many tensors: time follows their number, not its square.
@Suite struct ManyTensorsTests {
    let directory = try! TemporaryDirectory()

    /// A test that is quadratic somewhere takes many minutes here.
    @Test(.timeLimit(.minutes(3)))
    func thirtyThousandTensorsGoThereAndBack() async throws {
        for step in [1, 2] {
            let model = (0..<30_000).map {
                TestTensor("p\($0).w", shape: [3], floats: (0..<3).map { Float($0 + step) / 8 })
            }
            let file = TrainingStep(number: step, model: model, states: model.map { _ in [] }).file()
            try directory.write(file, to: "run/ckpt_\(step).pt")
        }
        let run = directory.file("run"), archive = directory.file("a.varve")
        let result = try await Compressor(
            run: run, archive: archive, options: CompressionOptions(method: .lossless)
        ).compress()
        #expect(result.added == [1, 2])
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact && verified.tensorsDecoded == 60_000)
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(
            to: directory.file("out"))
        #expect(try Trees.content(directory.file("out")) == Trees.content(run))
        #expect(try Inspector(path: run).inspect().steps.count == 2)
    }
}
