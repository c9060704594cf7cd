/// A tensor of a step: which file, which tensor in it.
package struct TensorIndex: Sendable, Hashable {
    /// Index into `StepContents.files`.
    package var file: Int
    /// Index into that file's `tensors`.
    package var tensor: Int

    package init(file: Int, tensor: Int) {
        self.file = file
        self.tensor = tensor
    }
}
