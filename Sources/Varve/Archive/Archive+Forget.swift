extension Archive {
    /// Marks steps as no longer wanted.
    ///
    /// A marked step is not restored, listed or added again. Its bytes stay until ``prune(dryRun:wait:)``, and
    /// ``undoForget(_:wait:)`` brings it back until then.
    /// - Parameters:
    ///   - policy: which steps, and whether all of them or only their moments.
    ///   - prune: whether their bytes are freed as well. Nothing brings them back then.
    ///   - dryRun: whether to change nothing, and only say what would happen.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Throws: `.usage` (a policy that says nothing, contradicts itself or leaves no step; a step that does not
    ///   exist, is pinned, or has no file of weights alone), `.notAnArchive`, `.locked`, `.damaged`, `.noSpace`,
    ///   `.permissionDenied`, `.inputOutput`.
    @discardableResult
    public func forget(
        _ policy: ForgetPolicy, prune: Bool = false, dryRun: Bool = false, wait: LockWait? = nil
    ) throws(VarveError) -> ForgetResult {
        try Forgetter(archive: path, wait: wait).forget(policy, dryRun: dryRun, prune: prune)
    }

    /// Marks steps as no longer wanted, and takes the steps that stay and build on them again: from what the archive restores
    /// of them, so that pruning frees all that came before.
    ///
    /// A step that is taken again is a new version of itself; the one before stays until ``prune(dryRun:wait:)``. Lossless
    /// archives restore the same bytes afterwards, others nearly the same: ``ForgetResult/rebased`` says what changes.
    /// - Parameters:
    ///   - policy: which steps; one that says nothing stands for those that are forgotten already.
    ///   - options: base, limits.
    ///   - prune: whether bytes are freed as well. Nothing brings the forgotten steps back then.
    ///   - dryRun: whether to change nothing, and only say what would happen.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    ///   - progress: is called with each event, by one task at a time. It must not block.
    /// - Throws: as ``forget(_:prune:dryRun:wait:)``; `.usage` for a base that is missing or `momentsOnly`, `.unsupported`
    ///   for a step that does not say with which settings it was made, `.interrupted`.
    @discardableResult
    public func forget(
        _ policy: ForgetPolicy, rebase options: RebaseOptions, prune: Bool = false, dryRun: Bool = false,
        wait: LockWait? = nil, progress: ProgressHandler? = nil
    ) async throws(VarveError) -> ForgetResult {
        try await Rebaser(archive: path, options: options, wait: wait).forget(
            policy, dryRun: dryRun, prune: prune, progress: progress)
    }

    /// Brings forgotten steps back.
    /// - Parameters:
    ///   - steps: the steps; if it is empty, all that were not pruned.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Returns: the steps that are back, as a whole or with their moments.
    /// - Throws: `.usage` if a step is not forgotten, or pruned; else as ``forget(_:prune:dryRun:wait:)``.
    @discardableResult
    public func undoForget(_ steps: [ClosedRange<Int>] = [], wait: LockWait? = nil) throws(VarveError) -> [Int] {
        try Forgetter(archive: path, wait: wait).undo(steps: steps)
    }

    /// Frees the bytes of what was forgotten, except those that other steps build on.
    /// - Parameters:
    ///   - dryRun: whether to change nothing, and only say what would happen.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Throws: `.damaged` if a remaining step lacks something, because nothing is taken from such an archive; else as
    ///   ``forget(_:prune:dryRun:wait:)``.
    @discardableResult
    public func prune(dryRun: Bool = false, wait: LockWait? = nil) throws(VarveError) -> ForgetResult {
        try Forgetter(archive: path, wait: wait).prune(dryRun: dryRun)
    }

    /// The steps that are never forgotten, ascending.
    /// - Throws: `.notFound`, `.notAnArchive`, `.damaged`.
    public var pinned: [Int] {
        get throws(VarveError) { try Forgetter(archive: path).pinned() }
    }

    /// Protects steps from being forgotten.
    /// - Parameters:
    ///   - steps: the steps, by ranges of numbers.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Returns: all pinned steps.
    /// - Throws: `.usage` if a range has no step; `.notAnArchive`, `.locked`, `.damaged`, `.noSpace`,
    ///   `.permissionDenied`, `.inputOutput`.
    @discardableResult
    public func pin(_ steps: [ClosedRange<Int>], wait: LockWait? = nil) throws(VarveError) -> [Int] {
        try Forgetter(archive: path, wait: wait).pin(steps)
    }

    /// Lets steps be forgotten again.
    /// - Parameters:
    ///   - steps: the steps, by ranges of numbers.
    ///   - wait: how long to wait if another process writes to the archive; `nil`: not at all.
    /// - Returns: the steps that are still pinned.
    /// - Throws: `.usage` if a range has no pinned step; else as ``pin(_:wait:)``.
    @discardableResult
    public func unpin(_ steps: [ClosedRange<Int>], wait: LockWait? = nil) throws(VarveError) -> [Int] {
        try Forgetter(archive: path, wait: wait).pin(steps, remove: true)
    }
}
