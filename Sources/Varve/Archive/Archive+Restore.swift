extension Archive {
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
}
