package import TensorFiles

extension Run {
    /// Finds the checkpoints under `path`.
    ///
    /// `path` may also be a single checkpoint (directory or file): then it is a run of one step.
    /// - Throws: `.notFound`, `.permissionDenied`; `.usage` where nothing in it looks like a checkpoint.
    package static func discover(_ path: String) throws(VarveError) -> Run {
        throw VarveError(.unsupported, "not written yet")
    }
}
