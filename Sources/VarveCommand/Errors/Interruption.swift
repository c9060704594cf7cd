import Dispatch
import Glibc
import Synchronization
import Varve

/// SIGINT, SIGTERM and SIGHUP: the running work is cancelled and cleans up; a second one ends at once.
enum Interruption {
    private static let received = Atomic<Int32>(0)
    private static let firstTime = Mutex<ContinuousClock.Instant?>(nil)
    private static let running = Mutex<(@Sendable () -> Void)?>(nil)

    /// The signal that was received, SIGINT before there was any.
    static var signal: Int32 {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? SIGINT : number
    }

    static func install() {
        // What `nohup` ignores stays ignored.
        let hangup: [Int32] = Glibc.signal(SIGHUP, SIG_IGN).map { unsafeBitCast($0, to: Int.self) } == 1 ? [] : [SIGHUP]
        for number in [SIGINT, SIGTERM] + hangup {
            Glibc.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Its own handler keeps the source alive, for as long as the process.
                withExtendedLifetime(source) {}
                let now = ContinuousClock.now
                let first = firstTime.withLock { time in
                    defer { time = time ?? now }
                    return time
                }
                // `timeout` and some shells send one signal twice; a person needs a moment for the second.
                if let first, now - first > .milliseconds(500) { _exit(128 + number) }
                received.store(number, ordering: .relaxed)
                ProgressBar.sayThatWorkEnds()
                guard let cancel = running.withLock({ $0 }) else { _exit(128 + number) }  // nothing to clean up
                cancel()
            }
            source.resume()
        }
        // A reader that goes away is an error of write, not the end of the process.
        Glibc.signal(SIGPIPE, SIG_IGN)
        // So is a file larger than the user may have.
        Glibc.signal(SIGXFSZ, SIG_IGN)
    }

    /// Runs work that a signal cancels, and tells of one that came what became of the work so far.
    /// - Parameter saved: what is there already, and how to go on.
    static func run<Result: Sendable>(
        saved: @Sendable () -> String?, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        do {
            return try await run(work)
        } catch let error as VarveError where error.code == .interrupted {
            throw VarveError(.interrupted, saved().map { "interrupted; \($0)" } ?? "interrupted")
        }
    }

    /// Runs work that a signal cancels.
    static func run<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task { try await work() }
        running.withLock { $0 = { task.cancel() } }
        if received.load(ordering: .relaxed) != 0 { task.cancel() }
        defer { running.withLock { $0 = nil } }
        return try await task.value
    }
}
