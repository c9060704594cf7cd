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

    /// Adds every complete checkpoint of a run that the archive does not have yet, in ascending order.
    ///
    /// A step becomes visible when all of it is on disk. If the work is interrupted, the steps added before stay, and
    /// the next call goes on from there.
    /// - Parameters:
    ///   - run: the run's directory, or a single checkpoint.
    ///   - path: the archive's directory. It is made if there is none. `nil` stands for the run's path with `.varve`
    ///     behind it.
    ///   - options: method, quality, limits.
    ///   - progress: is called with each event, by one task at a time. It must not block.
    /// - Returns: what was added, and what was skipped and why.
    /// - Throws: `.usage` (nothing like a checkpoint, options out of range), `.notFound`, `.locked`, `.noSpace`,
    ///   `.damaged` (the archive that should be appended to), `.interrupted`, `.inputOutput`.
    @discardableResult
    public static func compress(
        run: String, to path: String? = nil, options: CompressionOptions = CompressionOptions(),
        progress: ProgressHandler? = nil
    ) async throws(VarveError) -> CompressionResult {
        try await Compressor(run: run, archive: path ?? ArchiveLocation.beside(run), options: options)
            .compress(progress: progress)
    }

    /// Writes steps back as checkpoints.
    ///
    /// The files of a single step come directly into `output`; several steps come under their paths in the run.
    /// Everything is first written beside `output` and compared with the recorded hashes. It is moved into place when
    /// all of it is complete.
    /// - Parameters:
    ///   - selection: the steps to restore.
    ///   - output: the directory to write to. It must be empty or absent, unless `options.overwrite` is set.
    ///   - options: which files, and limits.
    ///   - progress: is called with each event, by one task at a time. It must not block.
    /// - Returns: the numbers of the restored steps.
    /// - Throws: `.usage` (no such step, a base that is missing), `.exists` (`output` is not empty), `.forgotten` (by
    ///   another process while it was restored), `.damaged`, `.noSpace`, `.interrupted`, `.inputOutput`.
    @discardableResult
    public func restore(
        _ selection: RestoreOptions.Selection, to output: String, options: RestoreOptions = RestoreOptions(),
        progress: ProgressHandler? = nil
    ) async throws(VarveError) -> [Int] {
        var options = options
        options.selection = selection
        return try await Restorer(archive: path, options: options).restore(to: output, progress: progress)
    }

    /// What each step, tensor and file costs, and what the restored values are off by. No tensor is decoded.
    /// - Parameter steps: the steps to report; `nil` for all, and for the archive's own files.
    /// - Throws: `.usage` if a range has no step; `.notFound`, `.notAnArchive`, `.damaged`, `.unsupported`.
    public func report(steps: [ClosedRange<Int>]? = nil) throws(VarveError) -> Report {
        try Reporter(archive: path).report(steps: steps)
    }

    /// Compares every stored byte with its checksum, and more if the options ask for it.
    ///
    /// Corruption is no error: the result lists it.
    /// - Parameters:
    ///   - steps: the steps to check; `nil` for all, and for the archive's own files.
    ///   - options: whether to decode, what to compare with, limits.
    ///   - progress: is called with each event, by one task at a time. It must not block.
    /// - Throws: `.notFound`, `.notAnArchive`, `.usage` (options out of range), `.interrupted`.
    public func verify(
        steps: ClosedRange<Int>? = nil, options: VerificationOptions = VerificationOptions(),
        progress: ProgressHandler? = nil
    ) async throws(VarveError) -> VerificationResult {
        try await Verifier(archive: path, options: options).verify(steps: steps, progress: progress)
    }

    /// Mends damage: a lost or damaged manifest from the others and `manifests.parity`, a part from the parity beside it.
    ///
    /// Reads the whole archive. Nothing is deleted. A file is replaced only by bytes whose hash was recorded when it was
    /// written. A sound part without parity, as those of older releases, gets one. What cannot be mended stays as it is, and
    /// ``verify(steps:options:progress:)`` says which steps that costs.
    /// - Parameters:
    ///   - dryRun: whether to write nothing, and only say what could be mended.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Returns: what was made again, mended and added, and what stays lost. That something stays lost is no error.
    /// - Throws: `.notAnArchive`, `.locked`, `.inputOutput`, `.permissionDenied`, `.noSpace`.
    public func repair(dryRun: Bool = false, wait: LockWait? = nil) throws(VarveError) -> RepairResult {
        try Repairer(archive: path, wait: wait).repair(dryRun: dryRun)
    }
}
