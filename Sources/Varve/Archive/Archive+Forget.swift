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
