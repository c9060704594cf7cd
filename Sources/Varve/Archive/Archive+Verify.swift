extension Archive {
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

    /// Makes lost or damaged manifests again, from the other manifests and `manifests.parity`.
    ///
    /// Parts are not touched: a damaged one stays so, and ``verify(steps:options:progress:)`` says which steps that
    /// costs. Nothing is deleted. A manifest is replaced only by bytes whose hash was recorded when it was written.
    /// - Parameters:
    ///   - dryRun: whether to write nothing, and only say what could be made again.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Returns: what was made again, and what stays lost. That something stays lost is no error.
    /// - Throws: `.notAnArchive`, `.locked`, `.inputOutput`, `.permissionDenied`, `.noSpace`.
    public func repair(dryRun: Bool = false, wait: LockWait? = nil) throws(VarveError) -> RepairResult {
        try Repairer(archive: path, wait: wait).repair(dryRun: dryRun)
    }
}
