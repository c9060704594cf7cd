/// What ``Archive/compress(run:to:options:progress:)`` did.
public struct CompressionResult: Sendable, Codable {
    /// A checkpoint that was left out.
    public struct Skipped: Sendable, Codable {
        /// The path in the run; `.` if the run is itself the checkpoint.
        public var path: String
        /// Why it was left out, in a sentence.
        public var reason: String

        /// An empty path stands for the run itself.
        public init(path: String, reason: String) {
            self.path = path.isEmpty ? "." : path
            self.reason = reason
        }
    }

    /// The steps that were added, ascending.
    public var added: [Int]
    /// Those of `added` that replaced a version that the archive had.
    public var replaced: [Int] = []
    /// The steps that the archive had already, and those of `forgotten`.
    public var present: [Int]
    /// Those of `present` that were forgotten: their originals still being there is no wish to have them back.
    public var forgotten: [Int] = []
    /// The checkpoints that were left out, because they are not complete or cannot be read.
    public var skipped: [Skipped]
    /// What of the run is not in the archive, whatever the reason: skipped, not asked for, forgotten, too large.
    public var missing: [RunCoverage.Missing] = []
    /// Whether all that is missing was not asked for (`steps`, `extras`) or was forgotten.
    public var isAsAsked = true
    /// What a user should read beside the above, in sentences.
    public var notices: [String]
    /// Bytes of the added steps' files.
    public var originalBytes: UInt64
    /// Bytes that were stored for them.
    public var storedBytes: UInt64
    /// The steps whose originals were removed; `nil` if that was not asked for.
    public var removed: [Int]?
    /// Bytes of those originals.
    public var removedBytes: UInt64?
}
