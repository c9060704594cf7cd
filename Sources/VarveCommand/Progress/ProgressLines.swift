import Synchronization
import Varve

/// Progress for programs: JSON lines on standard output, each with a `type`.
final class ProgressLines: Sendable {
    struct Notice: Encodable { var message: String }

    private struct Begin: Encodable {
        var steps: Int
        var bytes: UInt64
    }

    private struct Step: Encodable {
        var step: Int
        var checkpoint: String
    }

    private struct Progress: Encodable {
        var bytes: UInt64
        var totalBytes: UInt64
        var seconds: Double
    }

    private struct Finished: Encodable {
        var step: Int
        var originalBytes: UInt64
        var storedBytes: UInt64
        var seconds: Double
    }

    private struct Kept: Encodable {
        var step: Int
        var sinceBefore: Double?
        var sinceStart: Double?
        var misses: [KeptChange.Miss]
    }

    private struct Verified: Encodable { var step: Int }

    private struct Removed: Encodable {
        var step: Int
        var checkpoint: String
        var bytes: UInt64
    }

    private struct State {
        var pace = Pace()
        var written = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let isVerbose: Bool

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    func handle(_ event: ProgressEvent) {
        state.withLock { state in
            switch event {
            case .begin(let steps, let bytes):
                state.pace.begin(bytes)
                Self.write("begin", Begin(steps: steps, bytes: bytes))
            case .step(let number, let path):
                state.pace.beginStep()
                Self.write("step", Step(step: number, checkpoint: path))
            case .size, .working: break
            case .file(let file):
                if isVerbose { Self.write("file", file) }
            case .bytes(let count):
                state.pace.add(count)
                let now = ContinuousClock.now
                guard now - state.written > .milliseconds(500) else { return }
                state.written = now
                Self.write(
                    "progress",
                    Progress(bytes: state.pace.done, totalBytes: state.pace.total, seconds: state.pace.seconds))
            case .finished(let number, let original, let stored):
                Self.write(
                    "finished",
                    Finished(
                        step: number, originalBytes: original, storedBytes: stored, seconds: state.pace.stepSeconds))
            case .kept(let number, let kept):
                Self.write(
                    "kept",
                    Kept(
                        step: number, sinceBefore: kept.sinceBefore, sinceStart: kept.sinceStart, misses: kept.misses))
            case .verified(let number):
                Self.write("verified", Verified(step: number))
            case .removed(let number, let path, let bytes):
                Self.write("removed", Removed(step: number, checkpoint: path, bytes: bytes))
            case .notice(let text):
                Self.write("notice", Notice(message: text))
            }
        }
    }

    static func write(_ type: String, _ value: some Encodable) {
        // Encoding plain numbers and strings has nothing to fail at.
        if let line = try? JSONText.line(type, value) { Terminal.standardOutput.writeLine(line) }
    }
}
