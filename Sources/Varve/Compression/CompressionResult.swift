/// What `Compressor.compress` did.
public struct CompressionResult: Sendable, Codable {
    public struct Skipped: Sendable, Codable {
        /// Relative to the run; `.` where the run is itself the checkpoint.
        public var path: String
        public var reason: String

        public init(path: String, reason: String) {
            self.path = path.isEmpty ? "." : path
            self.reason = reason
        }
    }

    /// Steps that were added, ascending.
    public var added: [Int]
    /// Of those, the ones that replaced a version that the archive had.
    public var replaced: [Int] = []
    /// Steps that the archive had already.
    public var present: [Int]
    /// Checkpoints that were left out because they are not complete or cannot be read.
    public var skipped: [Skipped]
    /// What of the run is not in the archive, whatever the reason: skipped, not asked for, forgotten, too large.
    public var missing: [RunCoverage.Missing] = []
    /// Whether all that is missing was not asked for (`steps`, `extras`) or was forgotten.
    public var isAsAsked = true
    /// What a user should read, beside the above.
    public var notices: [String]
    /// Bytes of the added steps' files.
    public var originalBytes: UInt64
    /// Bytes that were stored for them.
    public var storedBytes: UInt64
    /// Steps whose originals were removed; `nil` where that was not asked for.
    public var removed: [Int]?
    /// Bytes of those originals.
    public var removedBytes: UInt64?
}
