extension Archive {
    /// What each step, tensor and file costs, and what the restored values are off by. No tensor is decoded.
    /// - Parameter steps: the steps to report; `nil` for all, and for the archive's own files.
    /// - Throws: `.usage` if a range has no step; `.notFound`, `.notAnArchive`, `.damaged`, `.unsupported`.
    public func report(steps: [ClosedRange<Int>]? = nil) throws(VarveError) -> Report {
        try Reporter(archive: path).report(steps: steps)
    }
}
