package import TensorFiles

/// A step, understood: its files and which tensor plays which role of which parameter.
package struct StepContents: Sendable {
    package var step: Step
    /// The step's regular files (symbolic and further hard links excluded), in path order.
    package var files: [StepFile]
    /// In the order of the model where a file keeps it (torch), else of the file.
    package var parameters: [Parameter]
    /// What a user should hear.
    package var warnings: [String]
    /// The same for two steps with the same parameters and optimizer slots.
    package var structure = ""
    /// Tensors that lie in pieces of the files. Their index is `files.count`.
    package var assembly: Assembly?
    /// Why tensors that lie in pieces are not put together; `nil` if there are none, or if they are.
    package var unreadPieces: String?
    /// How often the steps up to this one were searched for an order of their parameters, where some stay open.
    package var searches = 0

    package init(step: Step, files: [StepFile], parameters: [Parameter], warnings: [String] = []) {
        self.step = step
        self.files = files
        self.parameters = parameters
        self.warnings = warnings
    }

    /// The path of the file that a tensor lies in, of one in pieces that of the first.
    package func path(of tensorIndex: TensorIndex) -> String {
        if files.indices.contains(tensorIndex.file) { return files[tensorIndex.file].path }
        guard let assembly, assembly.tensors.indices.contains(tensorIndex.tensor),
            let piece = assembly.tensors[tensorIndex.tensor].pieces.first
        else { return "" }
        return files[piece.file].path
    }

    package func tensor(_ tensorIndex: TensorIndex) -> (file: TensorFile, tensor: StoredTensor)? {
        guard let file = StepTensors(files, assembly).file(tensorIndex.file),
            file.tensors.indices.contains(tensorIndex.tensor)
        else { return nil }
        return (file, file.tensors[tensorIndex.tensor])
    }

    /// Where the bytes of a tensor lie, by index of the file; `nil` where they are no run of bytes of their own.
    package func pieces(of tensorIndex: TensorIndex) -> TensorPieces? {
        guard let (file, tensor) = tensor(tensorIndex) else { return nil }
        if let assembly, tensorIndex.file == files.count { return assembly.tensors[tensorIndex.tensor].layout }
        return file.byteRange(of: tensor).map {
            TensorPieces(file: tensorIndex.file, offset: $0.lowerBound, byteCount: $0.count)
        }
    }
}
