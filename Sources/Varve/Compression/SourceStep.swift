import Checkpoints
import FileSystem

/// A step to be compressed, and how to get at its files.
struct SourceStep: Sendable {
    var step: Step
    /// What the paths of the step are relative to.
    var root: String
    /// Its files, opened when the step was seen to be complete, by path: a trainer may have removed them since.
    var held: [String: InputFile] = [:]
    /// Whether it was seen unchanged for a while, so that what is missing now was removed after it was complete.
    var wasSeenUnchanged = false
    /// Whether its files are removed while the next step is still built on them.
    var losesNames = false

    init(_ step: Step, root: String) {
        self.step = step
        self.root = root
    }

    /// Throws `.sourceChanged` where the files are not any more what was read.
    func checkUnchanged(_ files: [StepFile]) throws(VarveError) {
        for file in files {
            if held[file.path] == nil { try file.source.checkUnchanged() } else { try file.source.checkContent() }
        }
        if !wasSeenUnchanged { try checkDirectories() }
    }

    /// Throws `.sourceChanged` where a directory of the step has got or lost something since the run was looked through:
    /// what came later is not in the archive.
    private func checkDirectories() throws(VarveError) {
        for entry in step.entries where entry.identity.kind == .directory {
            let path = Paths.join(root, entry.path)
            guard try FileIdentity(path: path).modified == entry.identity.modified else {
                throw VarveError(.sourceChanged, "the directory changed while it was read", file: path)
            }
        }
    }
}
