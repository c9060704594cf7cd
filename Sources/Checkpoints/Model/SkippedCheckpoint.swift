package import FileSystem

/// A checkpoint that was recognised and left out.
package struct SkippedCheckpoint: Sendable {
    /// Relative to the run.
    package var path: String
    /// The step its name tells, if any.
    package var number: Int?
    /// Code `.incomplete`, `.truncated` or `.malformed`, with file and what is wrong.
    package var reason: VarveError

    package init(path: String, number: Int?, reason: VarveError) {
        self.path = path
        self.number = number
        self.reason = reason
    }
}
