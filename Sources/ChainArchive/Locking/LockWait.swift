import Glibc
package import FileSystem

/// How long a writer waits for an archive that another process writes to.
public struct LockWait: Sendable {
    /// Seconds to wait; `.infinity` to wait until the archive is free.
    public var seconds: Double
    /// Is called once, when the waiting begins, with a sentence that says who has the archive.
    public var notify: @Sendable (String) -> Void

    /// - Parameters:
    ///   - seconds: how long to wait; `.infinity` to wait until the archive is free.
    ///   - notify: is called once, when the waiting begins, with a sentence that says who has the archive.
    public init(seconds: Double, notify: @escaping @Sendable (String) -> Void = { _ in }) {
        self.seconds = seconds
        self.notify = notify
    }

    /// The archive is asked for so often: a launcher may start a dozen processes for one archive.
    private static let pause = 0.2

    /// Takes the lock of an archive, now or when its owner gives it back.
    /// - Parameter wait: `nil` gives up at once.
    /// - Throws: `.locked` with the owner's note when the time is over; `.interrupted`; else as `ArchiveLock`.
    package static func lock(_ layout: ArchiveLayout, _ wait: LockWait?) throws(VarveError) -> ArchiveLock {
        let start = ContinuousClock.now
        var isTold = false
        while true {
            do throws(VarveError) {
                return try ArchiveLock(layout)
            } catch  where error.code == .locked {
                guard let wait, ContinuousClock.now - start < .seconds(min(wait.seconds, 1e9)) else { throw error }
                if !isTold { wait.notify(error.message) }
                isTold = true
            }
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            usleep(UInt32(pause * 1e6))
        }
    }
}
