extension Archive {
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
