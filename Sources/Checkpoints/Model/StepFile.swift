package import FileSystem
package import TensorFiles

/// A regular file of a step, opened as far as its structure goes.
package struct StepFile: Sendable {
    /// Relative to the run.
    package var path: String
    package var source: InputFile
    /// `nil` where the container is not understood: the file is kept whole.
    package var tensorFile: TensorFile?

    package init(path: String, source: InputFile, tensorFile: TensorFile?) {
        self.path = path
        self.source = source
        self.tensorFile = tensorFile
    }
}
