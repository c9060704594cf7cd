import ChainArchive
import FileSystem

/// Many workers compress one run.
extension Archive {
    /// Makes one part of every step that an archive lacks, as one of several workers, on whatever nodes.
    ///
    /// All workers are called with the same run, archive, options and number of parts, at the same time or one after the other.
    /// The last of them makes a step visible. A worker that was killed, or whose node was lost, is called again.
    /// - Parameters:
    ///   - run: the run's directory, or a single checkpoint.
    ///   - path: the archive's directory, on a file system that all workers see.
    ///   - part: which part.
    ///   - options: method, quality, limits; the same for all workers, but for threads and memory.
    ///   - progress: is called with each event, by one task at a time. It must not block.
    /// - Throws: as ``compress(run:to:options:progress:)``; `.usage` where parts of other workers contradict this one.
    public static func compressPart(
        run: String, to path: String? = nil, part: PartOptions, options: CompressionOptions = CompressionOptions(),
        progress: ProgressHandler? = nil
    ) async throws(VarveError) -> PartResult {
        try await PartWorker(
            run: run, archive: path ?? ArchiveLocation.beside(run), options: options, part: part, progress: progress
        ).compress()
    }

    /// Makes every step visible whose parts are all there and agree, in order.
    /// - Parameters:
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Throws: `.notAnArchive`, `.locked`, `.damaged`, `.inputOutput`, `.noSpace`.
    public func commit(wait: LockWait? = nil) throws(VarveError) -> CommitResult {
        try PartCommitter(archive: path, wait: wait).commitAll()
    }

    /// Which parts are to be run, and what contradicts. Nothing is written.
    public func missingParts() throws(VarveError) -> CommitResult {
        try PartCommitter(archive: path, wait: nil).look()
    }

    /// Removes what workers left of steps that are not visible. No worker may be at work.
    /// - Parameter wait: how long to wait if another process writes to the archive; `nil`: not at all.
    public func discardParts(wait: LockWait? = nil) throws(VarveError) -> CommitResult {
        try PartCommitter(archive: path, wait: wait).commitAll(discards: true)
    }
}
