/// How a run is watched.
public struct WatchOptions: Sendable {
    /// How steps are compressed.
    public var compression: CompressionOptions
    /// Which originals are removed after their steps were compared with them; `nil` for none.
    public var removal: SourceRemoval?
    /// The settle time: how long a checkpoint must not change before it is taken.
    public var settle: Duration
    /// How long nothing new may come before watching ends; `nil` to watch until the task is cancelled.
    public var idle: Duration?
    /// A process, the training as a rule: when it has ended, and what it left is taken, watching ends. `nil` for none.
    public var process: Int32?
    /// How often one piece of work is tried again after the disk, the network or the quota refused it.
    public var retries: Int
    /// The pause before the first further try; each further one is twice as long, up to a minute.
    public var retryPause: Duration

    /// Options; what is left out is as the command `varve watch` has it.
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
