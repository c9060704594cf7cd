import FileSystem
package import TensorFiles

/// Where the tensors of a step are read: in its files, or gathered from pieces of them.
package struct StepTensors: Sendable {
    package let files: [StepFile]
    package let assembly: Assembly?

    package init(_ files: [StepFile], _ assembly: Assembly? = nil) {
        self.files = files
        self.assembly = assembly
    }

    /// The file with that index in a `TensorIndex`: behind the step's files is the one that pieces were made to.
    package func file(_ index: Int) -> TensorFile? {
        if files.indices.contains(index) { return files[index].tensorFile }
        return index == files.count ? assembly?.file : nil
    }

    /// Its path in the run; empty where there is none.
    func path(_ index: Int) -> String { files.indices.contains(index) ? files[index].path : "" }
}
