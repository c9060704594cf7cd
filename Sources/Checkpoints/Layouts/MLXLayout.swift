import FileSystem
import TensorFiles

/// MLX: `NNNNNNN_model` and `NNNNNNN_optimizer`, as safetensors or npz.
enum MLXLayout: Layout {
    static let title = "MLX"

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.fileNames.contains { $0.hasSuffix(".npz") }
            || shape.fileNames.contains { $0.hasSuffix(".safetensors") && $0.lowercased().contains("optim") }
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory { try MLXReader.inventory(files) }

    /// Whether a safetensors file is a flattened optimizer: `NAME.m`, `NAME.v`, `step`.
    static func isOptimizer(_ file: TensorFile) -> Bool {
        guard file.container == .safetensors, !file.tensors.isEmpty else { return false }
        return file.tensors.allSatisfy {
            $0.shape.isEmpty || $0.name.hasSuffix(".m") || $0.name.hasSuffix(".v") || $0.name.hasSuffix(".exp_avg")
                || $0.name.hasSuffix(".exp_avg_sq")
        }
    }
}
