import Checkpoints
import FileSystem

extension RunPoller {
    struct State {
        var run: Run?
        var listing: RunListing?
        /// When each checkpoint was first seen in the state that it is in.
        var seen: [Fingerprint: ContinuousClock.Instant] = [:]
        /// What was handed over, or is in the archive.
        var taken: Set<Fingerprint> = []
        var waiting = 0
        var failures = 0
        let began = ContinuousClock.now
        /// Whether there was a run, with checkpoints or without.
        var wasThere = false
        /// Whether it was said that there is no run.
        var isMissingTold = false
        /// Directories of the run's checkpoints, since it was the only one.
        var homes: Set<String> = []
        /// Whether it was said that there is another run beside this one.
        var isSeveralTold = false
        /// Checkpoints that are other ones than the archive's of their numbers, by number.
        var others: [Int: Step] = [:]
        var lastNews = ContinuousClock.now
        var newest = -1
        /// When the watched process was seen to have ended.
        var processEnded: ContinuousClock.Instant?
        var isStopping = false
        var isStopped = false
        var whenStopped: CheckedContinuation<Void, Never>?
    }

    /// The state of a checkpoint: its number and its files.
    struct Fingerprint: Hashable {
        let number: Int
        let files: [String: FileIdentity]

        init(_ step: Step) {
            number = step.isUnnumbered ? -1 : step.number
            files = Dictionary(
                step.entries.map { ($0.path, $0.identity) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// A checkpoint that is ready.
    struct Capture: Sendable {
        var source: SourceStep
        var fingerprint: Fingerprint
    }
}
