import FileSystem
import Testing
import VarveTestSupport

@testable import Checkpoints

/// MLX's two forms give the same.
@Suite struct MLXReaderTests {
    private func learningRates(_ run: Run) throws -> Set<Double?> {
        let pairs = try run.pairs()
        let steps = try run.steps.map { try run.contents(of: $0, pairs: pairs) }
        return Set(steps.flatMap(\.parameters).map { $0.hyperparameters?.learningRate })
    }

    /// Without it a first checkpoint is kept exactly, because nothing says how finely it is to be stored.
    @Test func theLearningRateIsFoundInBothForms() throws {
        let arrays = try learningRates(Run.discover(SharedRuns.fixtures("runs/mlx_npz")))
        #expect(arrays.count == 1 && (arrays.first ?? nil) ?? 0 > 0)
        let run = try TemporaryRun()
        try run.write("0000020_model.safetensors", SmallSafetensors.bytes([("w", [1, 2, 3])]))
        try run.write(
            "0000020_optimizer.safetensors",
            SmallSafetensors.bytes([("w.m", [1, 2, 3]), ("w.v", [1, 2, 3]), ("learning_rate", [0.25])]))
        #expect(try learningRates(run.discover()) == [0.25])
    }
}
