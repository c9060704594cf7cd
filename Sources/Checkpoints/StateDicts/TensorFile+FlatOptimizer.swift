import TensorFiles

extension TensorFile {
    /// Whether it is a safetensors file with a flattened optimizer, as MLX writes one: `NAME.m`, `NAME.v`, `step`.
    var isFlatOptimizer: Bool {
        guard container == .safetensors, !tensors.isEmpty else { return false }
        return tensors.allSatisfy {
            $0.shape.isEmpty || $0.name.hasSuffix(".m") || $0.name.hasSuffix(".v") || $0.name.hasSuffix(".exp_avg")
                || $0.name.hasSuffix(".exp_avg_sq")
        }
    }
}
