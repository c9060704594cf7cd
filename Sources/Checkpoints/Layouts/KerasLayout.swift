/// Keras 3: `.weights.h5` and `.keras` files. Not understood yet.
enum KerasLayout: Layout {
    static let title = "Keras"
    static let isOfDirectories = false

    static func recognizes(_ shape: StepShape) -> Bool {
        !shape.paths.isEmpty
            && shape.paths.allSatisfy { path in [".h5", ".hdf5", ".keras"].contains { path.hasSuffix($0) } }
    }
}
