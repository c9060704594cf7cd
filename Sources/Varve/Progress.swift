/// What a long operation tells while it runs. Events come from one task at a time.
///
/// More cases may be added in any release: switch with a default.
public enum ProgressEvent: Sendable {
    /// What was found, before anything is done: the number of steps and their bytes.
    case begin(steps: Int, bytes: UInt64)
    /// A step begins.
    case step(number: Int, path: String)
    /// The bytes that `bytes` will tell of for the step that has begun, if they are known. Bytes that were told of for
    /// this step before do not count any more.
    case size(UInt64)
    /// The tensor that is worked on, or the first of several.
    case working(String)
    /// How a file of the step is understood and stored.
    case file(FileOutline)
    /// Bytes of checkpoints that were worked on since the last event.
    case bytes(Int)
    /// How much of the change a step keeps that builds on another. It comes just before `finished`.
    case kept(number: Int, KeptChange)
    /// A step is finished. `stored` is what it takes in the archive, in bytes; 0 if steps are restored or verified.
    case finished(number: Int, original: UInt64, stored: UInt64)
    /// A step was decoded from the disk and compared with its original, without a difference.
    case verified(number: Int)
    /// The original of a step was removed, of so many bytes. The archive restores it.
    case removed(number: Int, path: String, bytes: UInt64)
    /// A sentence that a user should read.
    case notice(String)
}

/// Receives progress. It must not block.
public typealias ProgressHandler = @Sendable (ProgressEvent) -> Void
