import Checkpoints
import FileSystem

/// Checkpoints of a run that are compressed on trial, to see what each method makes of them.
package struct BenchmarkRun: Sendable {
    /// One of them.
    package struct Checkpoint: Sendable, Codable {
        package var step: Int
        /// Relative to the run.
        package var checkpoint: String
        /// Bytes of its files.
        package var bytes: UInt64
    }

    /// In ascending order of steps; at least one.
    package let checkpoints: [Checkpoint]
    /// What was left out because it is not complete.
    package let skipped: [CompressionResult.Skipped]
    /// The run's directory, or that of the single file.
    private let root: String
    /// Into which nothing may be written.
    let directory: String?
    private let steps: [Step]

    private static let blockBytes = 1 << 20

    /// Bytes of all of them.
    package var bytes: UInt64 { checkpoints.reduce(0) { $0 + $1.bytes } }

    /// Chooses checkpoints of a run.
    ///
    /// - Parameters:
    ///   - run: the run's directory, or a single checkpoint.
    ///   - ranges: steps to choose from; `nil` for all.
    ///   - limit: at most so many, the newest; `nil` for all.
    /// - Throws: `.usage` where nothing looks like a checkpoint or the ranges hold no step, `.incomplete` where no
    ///   checkpoint is complete, `.notFound`, `.permissionDenied`, `.inputOutput`.
    package init(run: String, steps ranges: [ClosedRange<Int>]? = nil, limit: Int? = nil) throws(VarveError) {
        let found = try Run.discover(run)
        guard !found.steps.isEmpty else {
            throw VarveError(.incomplete, "none of its checkpoints is complete", file: run)
        }
        var steps = found.steps.filter { step in ranges?.contains { $0.contains(step.number) } ?? true }
        guard !steps.isEmpty else {
            let known = found.steps.map { "\($0.number)" }.joined(separator: ", ")
            throw VarveError(.usage, "the run has none of these steps; it has \(known)", file: run)
        }
        if let limit { steps = Array(steps.suffix(max(1, limit))) }
        self.steps = steps
        root = found.root
        directory = Directories.exists(run) ? run : nil
        checkpoints = steps.map { Checkpoint(step: $0.number, checkpoint: $0.path, bytes: $0.byteCount) }
        skipped = found.skipped.map { .init(path: $0.path, reason: $0.reason.description) }
    }

    /// Reads every file once, so that the next to read them finds them in memory, as far as there is room.
    ///
    /// - Throws: `.interrupted`, `.inputOutput`, `.sourceChanged` (a file was there before and is gone).
    package func read(progress: ProgressHandler? = nil) throws(VarveError) {
        progress?(.begin(steps: steps.count, bytes: bytes))
        for step in steps {
            progress?(.step(number: step.number, path: step.path))
            for entry in step.files {
                let file = try original(entry.path)
                try Self.forEachBlock(of: file) { (_, block) throws(VarveError) in progress?(.bytes(block.count)) }
            }
        }
    }

    /// Compares a checkpoint that was restored to `directory` with its original, file by file: of the same size, and
    /// the same byte for byte where `report` says that all of the file is stored exactly.
    ///
    /// - Returns: whether every file is the same byte for byte.
    /// - Throws: `.different` at the first difference that should not be; `.usage` for a step that was not chosen,
    ///   `.interrupted`, `.inputOutput`, `.sourceChanged`.
    package func compare(_ report: Report.Step, restoredTo directory: String) throws(VarveError) -> Bool {
        guard let step = steps.first(where: { $0.number == report.number }) else {
            throw VarveError(.usage, "step \(report.number) is none of those that were chosen")
        }
        // A file with two names is lossy under both, and has tensors under one.
        let lossy = Set(report.tensors.filter { !$0.isExact }.flatMap(\.files))
        let lossyNodes = Set(step.entries.filter { lossy.contains($0.path) }.map(\.identity.inode))
        for entry in step.files {
            let path = entry.path
            let file = try original(path), copy = try restored(path, of: step, in: directory)
            guard copy.byteCount == file.byteCount else {
                throw VarveError(
                    .different, "restored with \(copy.byteCount) bytes, the original has \(file.byteCount)", file: path)
            }
            if lossyNodes.contains(entry.identity.inode) { continue }
            try Self.forEachBlock(of: file) { (offset, block) throws(VarveError) in
                let other = try copy.bytes(at: offset, count: block.count)
                if block == other { return }
                guard let position = zip(block, other).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
                    return
                }
                throw VarveError(
                    .different, "stored exactly, but not restored so", file: path, offset: offset + UInt64(position))
            }
        }
        return lossy.isEmpty
    }

    /// The newest checkpoint as it is: its directory, or of single files the one with the weights.
    package var lastOriginal: String {
        guard let path = steps.last?.path, !path.isEmpty else { return root }
        return Paths.join(root, path)
    }

    /// The same of the newest checkpoint that was restored to `directory`.
    package func last(restoredTo directory: String) -> String {
        guard let step = steps.last, !step.isDirectory else { return directory }
        let own = Paths.join(directory, Paths.split(step.path).name)
        return (try? FileIdentity(path: own)) == nil ? Paths.join(directory, step.path) : own
    }

    private func original(_ path: String) throws(VarveError) -> InputFile {
        do throws(VarveError) {
            return try InputFile(Paths.join(root, path))
        } catch  where error.code == .notFound {
            throw VarveError(.sourceChanged, "the file is gone", file: Paths.join(root, path))
        }
    }

    /// A single step's paths lose its own directory, unless names would then be the same.
    private func restored(_ path: String, of step: Step, in directory: String) throws(VarveError) -> InputFile {
        let own = step.isDirectory ? step.path : Paths.split(step.path).directory
        do throws(VarveError) {
            return try InputFile(Paths.join(directory, Paths.removing(own + "/", from: path) ?? path))
        } catch  where error.code == .notFound {
            return try InputFile(Paths.join(directory, path))
        }
    }

    private static func forEachBlock(
        of file: InputFile, _ body: (UInt64, [UInt8]) throws(VarveError) -> Void
    ) throws(VarveError) {
        var offset: UInt64 = 0
        while offset < file.byteCount {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            let count = Int(min(UInt64(blockBytes), file.byteCount - offset))
            try body(offset, try file.bytes(at: offset, count: count))
            offset += UInt64(count)
        }
    }
}

extension Step {
    /// Its regular files.
    fileprivate var files: [RunEntry] { entries.filter { $0.identity.kind == .regular && $0.linkTarget == nil } }
}
