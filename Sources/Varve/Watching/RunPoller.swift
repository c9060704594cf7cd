import Checkpoints
import Dispatch
import Glibc
import Synchronization
import FileSystem

/// Looks at a run again and again, on a thread of its own, and hands over every checkpoint once it is complete and has not
/// changed for a while.
///
/// Its own thread, because a trainer that rotates its checkpoints does not wait until a large tensor is packed. What it
/// hands over cannot be lost any more: the files are open, or were copied where the trainer writes over them in place.
final class RunPoller: Sendable {
    /// Steps that wait to be compressed, at most: each keeps the room of its files even when the trainer has removed them.
    static let waitingLimit = 4
    let captures: AsyncThrowingStream<Capture, any Error>
    private let continuation: AsyncThrowingStream<Capture, any Error>.Continuation
    private let path: String
    private let archive: String
    private let options: WatchOptions
    private let copies: WatchDirectory
    private let process: WatchedProcess?
    private let notice: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(
        run: String, archive: String, options: WatchOptions, copies: WatchDirectory, process: WatchedProcess? = nil,
        notice: @escaping @Sendable (String) -> Void
    ) {
        path = run
        self.archive = archive
        self.options = options
        self.copies = copies
        self.process = process
        self.notice = notice
        (captures, continuation) = AsyncThrowingStream.makeStream()
    }

    /// The run as it was last looked through.
    var run: Run? { state.withLock { $0.run } }

    /// Whether there was anything under the run's path at any time.
    var wasThere: Bool { state.withLock { $0.wasThere } }

    /// Looks once before `start`, so that a wrong call is an error before anything is done.
    /// - Throws: `.usage`; what may pass by itself is left to the looks that follow.
    func lookFirst() throws(VarveError) {
        do throws(VarveError) {
            try look()
        } catch  where error.code != .usage {
            return
        }
    }

    func start() {
        DispatchQueue(label: "varve.poller").async { [self] in
            var interval = Duration.zero
            while !state.withLock({ $0.isStopping }) {
                let began = ContinuousClock.now
                do throws(VarveError) {
                    try look()
                    state.withLock { $0.failures = 0 }
                } catch {
                    let failures = state.withLock { state in
                        state.failures += 1
                        return state.failures
                    }
                    guard error.code != .usage, failures <= options.retries else {
                        continuation.finish(throwing: error)
                        break
                    }
                    notice("looking at the run again: \(error)")
                    pause(Backoff.pause(options.retryPause, attempt: failures))
                }
                if isIdle { break }
                // Rarely enough that a large run does not keep its file system busy, but at least twice while a checkpoint
                // settles; never more than half of the time.
                let took = ContinuousClock.now - began
                interval = max(options.settle / 4, .milliseconds(20), took, min(took * 10, options.settle / 2))
                pause(interval)
            }
            continuation.finish()
            let waiter = state.withLock { state in
                state.isStopped = true
                return state.whenStopped
            }
            waiter?.resume()
        }
    }

    /// Ends the thread, and waits until it has ended.
    func stop() async {
        state.withLock { $0.isStopping = true }
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.whenStopped = continuation }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    /// A checkpoint was worked on.
    /// - Parameter again: whether it may be handed over once more when it has settled.
    func release(_ capture: Capture, again: Bool) {
        copies.drop(number: capture.source.step.number)
        state.withLock { state in
            state.waiting -= 1
            state.lastNews = .now
            if again {
                state.taken.remove(capture.fingerprint)
                state.seen[capture.fingerprint] = nil
            }
        }
    }

    private func pause(_ duration: Duration) {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end, !state.withLock({ $0.isStopping }) {
            let left = min(end - .now, .milliseconds(100))
            usleep(UInt32(max(0, left / .microseconds(1))))
        }
    }

    private var isIdle: Bool {
        let now = ContinuousClock.now
        if let process, !process.isRunning { state.withLock { $0.processEnded = $0.processEnded ?? now } }
        return state.withLock { state in
            guard state.waiting == 0 else { return false }
            if let idle = options.idle, now - state.lastNews >= idle { return true }
            guard let ended = state.processEnded else { return false }
            // What it left last has settled by then, and was looked at.
            return now - max(ended, state.lastNews) >= options.settle * 2 + .milliseconds(500)
        }
    }

    // MARK: Looking

    private func look() throws(VarveError) {
        let listing: RunListing
        do throws(VarveError) {
            listing = try RunListing(path)
        } catch  where error.code == .notFound {
            state.withLock { $0.run = nil }  // Training has not begun.
            return tellMissing()
        }
        state.withLock { $0.wasThere = true }
        if state.withLock({ $0.listing }) != listing {
            let found = try discovered()
            let one = try found.map { (run) throws(VarveError) in try oneRun(run) }
            state.withLock { state in
                // A checkpoint that is being written is news as well.
                if let one, !one.skipped.isEmpty { state.lastNews = .now }
                state.run = one
            }
            state.withLock { $0.listing = listing }
        }
        guard let run else { return }
        for step in run.steps {
            let fingerprint = Fingerprint(step)
            guard try isDue(step, fingerprint) else { continue }
            guard let source = try capture(step, run) else { continue }
            state.withLock { state in
                state.taken.insert(fingerprint)
                state.waiting += 1
                state.lastNews = .now
                state.newest = max(state.newest, source.step.number)
            }
            continuation.yield(Capture(source: source, fingerprint: fingerprint))
        }
        let current = Set(run.steps.map { Fingerprint($0) })
        state.withLock { state in
            state.seen = state.seen.filter { current.contains($0.key) }
            // A file that is written over again and again leaves one of these each time.
            state.taken = state.taken.filter { current.contains($0) || state.waiting > 0 }
        }
    }

    /// `nil` where there is nothing like a checkpoint yet.
    private func discovered() throws(VarveError) -> Run? {
        do throws(VarveError) {
            return try Run.discoverAll(path)
        } catch  where error.code == .usage || error.code == .notFound || error.code == .sourceChanged {
            return nil
        }
    }

    /// The checkpoints of the run that is watched, where there are others: a trainer that copies its best one elsewhere
    /// must not end the watch.
    /// - Throws: `.usage` where several runs were there from the beginning.
    private func oneRun(_ found: Run) throws(VarveError) -> Run {
        guard !found.severalRuns.isEmpty else {
            let homes = Set(found.steps.map { Paths.split($0.path).directory })
            if !homes.isEmpty { state.withLock { $0.homes = homes } }
            return found
        }
        let homes = state.withLock { $0.homes }
        guard !homes.isEmpty else { return try found.single() }
        var one = found
        one.steps.removeAll { !homes.contains(Paths.split($0.path).directory) }
        let isDue = state.withLock { state in
            defer { state.isSeveralTold = true }
            return !state.isSeveralTold
        }
        if isDue {
            let others = found.severalRuns.filter { !homes.contains($0.isEmpty ? "." : $0) }
            notice("checkpoints of another run lie in \(others.joined(separator: ", ")); they are not taken")
        }
        return one
    }

    /// Says once that there is no run, after a moment: training may be about to begin, or the name mistyped.
    private func tellMissing() {
        let isDue = state.withLock { state in
            guard !state.isMissingTold, ContinuousClock.now - state.began >= .seconds(1) else { return false }
            state.isMissingTold = true
            return true
        }
        if isDue { notice("\(path) does not exist yet") }
    }

    /// Whether the step is new, has settled, and there is room for it.
    private func isDue(_ step: Step, _ fingerprint: Fingerprint) throws(VarveError) -> Bool {
        let now = ContinuousClock.now
        let (isNew, since, waiting) = state.withLock { state -> (Bool, ContinuousClock.Instant, Int) in
            guard !state.taken.contains(fingerprint) else { return (false, now, 0) }
            let since = state.seen[fingerprint] ?? now
            state.seen[fingerprint] = since
            return (true, since, state.waiting)
        }
        guard isNew else { return false }
        if try isPresent(step) {
            state.withLock { _ = $0.taken.insert(fingerprint) }
            return false
        }
        state.withLock { $0.lastNews = now }
        return now - since >= options.settle && waiting < Self.waitingLimit
    }

    /// Whether the archive has the step, or one of that number that is another.
    private func isPresent(_ step: Step) throws(VarveError) -> Bool {
        let reader = try ArchiveSteps(archive)
        guard reader.knows(step.number) else { return false }
        guard let reason = reader.difference(from: step) else { return true }
        if step.isUnnumbered { return false }
        notice("skipped \(step.path): \(reason)")
        state.withLock { $0.others[step.number] = step }
        return true
    }

    /// Checkpoints of which the archive has another step of that number, and still has.
    func others() throws(VarveError) -> [CompressionResult.Skipped] {
        let reader = try ArchiveSteps(archive)
        return state.withLock { $0.others }.sorted { $0.key < $1.key }.compactMap { _, step in
            reader.difference(from: step).map { .init(path: step.path, reason: $0) }
        }
    }

    /// Makes sure that the step's files stay what they are; `nil` where they are not any more.
    private func capture(_ step: Step, _ run: Run) throws(VarveError) -> SourceStep? {
        var step = step
        if step.isUnnumbered {
            // Nothing tells one version from another but their order.
            step.number = max(state.withLock { $0.newest }, try ArchiveSteps(archive).newest) + 1
        }
        do throws(VarveError) {
            if step.path.isEmpty || StepName.isMoving(Paths.split(step.path).name) {
                do throws(VarveError) {
                    return try copies.copy(step, of: run.root, number: step.number)
                } catch  where error.code == .noSpace {
                    notice("no room for a copy of \(step.path), which its trainer may write over: read where it is")
                }
            }
            var source = SourceStep(step, root: run.root)
            for entry in step.entries where entry.identity.kind == .regular {
                let file = try InputFile(Paths.join(run.root, entry.path), staysOpen: true)
                guard file.identity.isSameContent(as: entry.identity) else { return nil }
                source.held[entry.path] = file
            }
            source.wasSeenUnchanged = true
            return source
        } catch  where error.code == .notFound || error.code == .sourceChanged {
            return nil
        }
    }
}
