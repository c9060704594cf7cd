/// What ``Watcher/watch(progress:)`` did.
public struct WatchResult: Sendable, Codable {
    /// The steps that were added and compared with their originals.
    public var added: [Int] = []
    /// The steps whose originals were removed.
    public var removed: [Int] = []
    /// Bytes of those originals.
    public var removedBytes: UInt64 = 0
    /// The checkpoints that were left out, and why: those that could not be added, and those of the run as it was in the end
    /// that are not complete or cannot be read.
    public var skipped: [CompressionResult.Skipped] = []
    /// What of the run, as it was in the end, is not in the archive, whatever the reason.
    public var missing: [RunCoverage.Missing] = []
    /// Whether nothing was skipped, and all that is missing was not asked for (`extras`) or was forgotten.
    public var isAsAsked = true
    /// Bytes of the added steps' files.
    public var originalBytes: UInt64 = 0
    /// Bytes that were stored for them.
    public var storedBytes: UInt64 = 0
}
