import FileSystem

/// MLX: `NNNNNNN_model` and `NNNNNNN_optimizer`, as safetensors or npz.
enum MLXLayout: Layout {
    static let title = "MLX"
    static let isOfDirectories = false

    static func recognizes(_ shape: StepShape) -> Bool {
        shape.fileNames.contains { $0.hasSuffix(".npz") }
            || shape.fileNames.contains { $0.hasSuffix(".safetensors") && $0.lowercased().contains("optim") }
    }

    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory { try MLXReader.inventory(files) }
}
