/// When originals may be removed that the archive restores.
public struct SourceRemoval: Sendable, Hashable {
    /// The newest complete checkpoints that stay, for the trainer to resume from.
    public var keepLast: Int

    public init(keepLast: Int = 2) { self.keepLast = keepLast }
}
