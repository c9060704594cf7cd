extension Archive {
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
}
