/// How a run is watched.
public struct WatchOptions: Sendable {
    public var compression: CompressionOptions
    /// `nil` leaves all originals where they are.
    public var removal: SourceRemoval?
    /// A checkpoint is taken when nothing about it has changed for so long.
    public var settle: Duration
    /// Ends when nothing new has come for so long; `nil` watches until it is cancelled.
    public var idle: Duration?
    /// How often one piece of work is tried again after the disk, the network or the quota refused it.
    public var retries: Int
    /// The pause before the first further try; each further one is twice as long, up to a minute.
    public var retryPause: Duration

    public init(
        compression: CompressionOptions = CompressionOptions(), removal: SourceRemoval? = nil,
        settle: Duration = .seconds(2), idle: Duration? = nil, retries: Int = 6, retryPause: Duration = .seconds(1)
    ) {
        self.compression = compression
        self.removal = removal
        self.settle = settle
        self.idle = idle
        self.retries = retries
        self.retryPause = retryPause
    }
}
