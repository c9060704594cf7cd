import ChainArchive
import Checkpoints
import FileSystem

/// Compresses the checkpoints of a run while it is being trained, each when it is complete.
public struct Watcher: Sendable {
    /// The run's directory, or the one file that its trainer writes over. It may come into being later.
    public let run: String
    /// The archive's directory. It is made when the first checkpoint is complete.
    public let archive: String
    /// How steps are compressed, and when watching ends.
    public let options: WatchOptions

    /// - Parameters:
    ///   - run: the run's directory, or the one file that its trainer writes over.
    ///   - archive: the archive's directory.
    ///   - options: how steps are compressed, and when watching ends.
    public init(run: String, archive: String, options: WatchOptions = WatchOptions()) {
        self.run = run
        self.archive = archive
        self.options = options
    }

    /// Watches until the task is cancelled, nothing new has come for `options.idle`, or `options.process` has ended.
    ///
    /// A checkpoint is taken when its framework's own signs say that it is complete, nothing about it has changed for
    /// `options.settle`, and its files can be read. From then on its files are held open, so it is not lost when the
    /// trainer removes it; a file that is written over in place is copied first. The step is appended, decoded again
    /// from the disk and compared; only then, and under the conditions of `SourceRemoval`, are originals removed. The
    /// archive is locked while a step is added, not in between.
    /// - Returns: what was done, and what of the run as it was in the end is not in the archive.
    /// - Throws: `.interrupted` when cancelled, with nothing unfinished left behind; `.notFound` if there was no run in all
    ///   that time; `.usage` also if there is no such process; `.usage`, `.exists`, `.damaged`;
    ///   `.locked` if another process watches for this archive; `.different` if a step that was added does not restore
    ///   as it should (nothing is removed then); `.noSpace`, `.inputOutput` after `options.retries` further tries.
    public func watch(progress: ProgressHandler? = nil) async throws(VarveError) -> WatchResult {
        try ArchiveLocation.check(archive: archive, of: run)
        if let state = options.compression.state { try ArchiveLocation.check(state: state, of: run) }
        if case .transform(let transform) = options.compression.method, transform.targetRatio != nil {
            throw VarveError(.usage, "a ratio can only be aimed at when the whole run is there: name a quality")
        }
        let settle = options.settle, keepLast = options.removal?.keepLast ?? 1
        guard settle >= .zero, keepLast >= 1, options.retries >= 0 else {
            throw VarveError(.usage, "watching needs at least one checkpoint that stays, and no negative time")
        }
        let process = try options.process.map { (number) throws(VarveError) in try WatchedProcess(number) }
        let copies = try WatchDirectory(archive: archive)
        defer { copies.close() }
        // What is wrong with the archive is said at once, not when the first checkpoint comes. A new one is not made
        // before there is something to put into it: the run's name may be mistyped.
        if try SourceFiles.isThere(archive) {
            _ = try ArchiveWriter(
                archive, writer: "varve \(VarveRelease.version)", wait: options.compression.wait)
        }
        var worker = try WatchWorker(run: run, archive: archive, options: options, progress: progress)
        let poller = RunPoller(run: run, archive: archive, options: options, copies: copies, process: process) {
            progress?(.notice($0))
        }
        // What is wrong with the run is said before anything else, too.
        try poller.lookFirst()
        progress?(.begin(steps: 0, bytes: 0))
        poller.start()
        do {
            for try await capture in poller.captures {
                let again = try await worker.take(capture.source, run: poller.run)
                poller.release(capture, again: again)
            }
        } catch {
            await poller.stop()
            if let error = error as? VarveError { throw error }
            throw VarveError(.interrupted, "interrupted", cause: error)
        }
        await poller.stop()
        if !Task.isCancelled, let run = poller.run { try await worker.finish(run) }
        if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
        // Whoever reads the exit code of a watch that has ended shall not take a mistyped name for a training without news.
        guard poller.wasThere else {
            throw VarveError(.notFound, "it did not come into being while it was watched", file: run)
        }
        var result = worker.result
        result.skipped += try poller.others()
        try lookForMissing(poller.run, &result, progress)
        return result
    }

    /// What of the run the archive does not hold in the end: nobody waits any more until a checkpoint is complete.
    /// - Parameter found: `nil` where there never was anything like a checkpoint, or is none any more.
    private func lookForMissing(
        _ found: Run?, _ result: inout WatchResult, _ progress: ProgressHandler?
    ) throws(VarveError) {
        let named = Set(result.skipped.map(\.path))
        for checkpoint in found?.skipped ?? [] {
            let skipped = CompressionResult.Skipped(path: checkpoint.path, reason: checkpoint.reason.description)
            guard !named.contains(skipped.path) else { continue }
            result.skipped.append(skipped)
            progress?(.notice("skipped \(skipped.path): \(skipped.reason)"))
        }
        let isThere = try SourceFiles.isThere(ArchiveLayout(archive).archiveManifest)
        let shortfall = try RunShortfall(
            found ?? Run(root: run), in: isThere ? try ArchiveReader(archive) : nil, skipped: result.skipped,
            options: options.compression)
        result.missing = shortfall.missing
        result.isAsAsked = shortfall.isAsAsked
    }
}
