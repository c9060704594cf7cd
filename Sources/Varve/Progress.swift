/// What a long operation tells while it runs. Calls come from one task at a time.
public enum ProgressEvent: Sendable {
    /// What was found, before anything is done: the number of steps and the bytes to go through.
    case begin(steps: Int, bytes: UInt64)
    /// A step begins.
    case step(number: Int, path: String)
    /// How many bytes the step that has begun will tell of by `bytes`, where that is known; what was told of it before does
    /// not count any more.
    case size(UInt64)
    /// The tensor that is worked on, or the first of several.
    case working(String)
    /// How a file of the step is understood, and stored.
    case file(FileOutline)
    /// Bytes of checkpoint gone through since the last event.
    case bytes(Int)
    /// How much of the change a step that builds on another keeps; comes just before `finished`.
    case kept(number: Int, KeptChange)
    /// A step is finished; `stored` bytes are in the archive for it (0 when restoring or verifying).
    case finished(number: Int, original: UInt64, stored: UInt64)
    /// A step was decoded again from the disk and compared with its original: nothing is different that should not be.
    case verified(number: Int)
    /// The original of a step was removed; the archive has it.
    case removed(number: Int, path: String, bytes: UInt64)
    /// Something a user should read.
    case notice(String)
}

/// Receives progress; must not block.
public typealias ProgressHandler = @Sendable (ProgressEvent) -> Void
