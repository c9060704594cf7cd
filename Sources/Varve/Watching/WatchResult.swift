/// What `Watcher.watch` did.
public struct WatchResult: Sendable, Codable {
    /// Steps that were added and verified.
    public var added: [Int] = []
    /// Steps whose originals were removed.
    public var removed: [Int] = []
    public var removedBytes: UInt64 = 0
    /// Checkpoints that were complete and could not be added, and why.
    public var skipped: [CompressionResult.Skipped] = []
    public var originalBytes: UInt64 = 0
    public var storedBytes: UInt64 = 0
}
