import ChainArchive
import TensorFiles

/// The checkpoints of one training run, compressed, in a directory.
///
/// ```swift
/// try await Archive.compress(run: "out", to: "out.varve")
/// let archive = try Archive(at: "out.varve")
/// try await archive.restore(.step(800), to: "checkpoint-800")
/// ```
///
/// A value holds a path and no open file. Every method reads the disk anew, so it sees what other processes have added
/// meanwhile. Methods that write take the archive's lock first, and fail with `.locked` if another process has it.
public struct Archive: Sendable {
    /// The archive's directory.
    public let path: String

    /// Finds the archive in a directory.
    ///
    /// An archive whose manifest is damaged, or seems to be of a later format, is accepted, because
    /// ``verify(steps:options:progress:)`` and ``repair(dryRun:wait:)`` are made for it. All other methods throw
    /// `.damaged` or `.unsupported` then.
    /// - Throws: `.notFound`, `.notAnArchive`, `.permissionDenied`, `.inputOutput`.
    public init(at path: String) throws(VarveError) {
        self.path = path
        do throws(VarveError) { _ = try ArchiveReader(path) } catch
            where error.code == .damaged || error.code == .unsupported
        {}
    }

    /// The numbers of the steps that can be restored, ascending. Forgotten steps are not among them.
    /// - Throws: `.notFound`, `.notAnArchive`, `.damaged`, `.inputOutput`.
    public var steps: [Int] {
        get throws(VarveError) { try ArchiveReader(path).steps }
    }

    /// The step that was made of a checkpoint, by the checkpoint's name or path in the run.
    ///
    /// The name may lack the ending of a file: `ckpt_7` finds `ckpt_7.pt`. Forgotten steps are found as well.
    /// - Throws: `.usage` if no step or several have the name; `.notFound`, `.notAnArchive`, `.damaged`.
    public func step(named name: String) throws(VarveError) -> Int {
        try StepNames(archive: path).number(of: name)
    }
}
