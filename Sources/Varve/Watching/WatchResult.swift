/// What ``Watcher/watch(progress:)`` did.
public struct WatchResult: Sendable, Codable {
    /// The steps that were added and compared with their originals.
    public var added: [Int] = []
    /// The steps whose originals were removed.
    public var removed: [Int] = []
    /// Bytes of those originals.
    public var removedBytes: UInt64 = 0
    /// The checkpoints that were complete and could not be added, and why.
    public var skipped: [CompressionResult.Skipped] = []
    /// Bytes of the added steps' files.
    public var originalBytes: UInt64 = 0
    /// Bytes that were stored for them.
    public var storedBytes: UInt64 = 0
}
