/// When originals are removed that the archive restores.
///
/// An original is removed only if its step was decoded from the disk and compared with it, and if it has not changed
/// since.
public struct SourceRemoval: Sendable, Hashable {
    /// The number of newest complete checkpoints that stay, because a trainer resumes from them.
    public var keepLast: Int

    /// Removal of all but the newest checkpoints.
    public init(keepLast: Int = 2) { self.keepLast = keepLast }
}
