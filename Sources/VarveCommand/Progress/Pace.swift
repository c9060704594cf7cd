/// How far a long piece of work is, and how fast it goes.
struct Pace: Sendable {
    private(set) var total: UInt64 = 0
    private(set) var done: UInt64 = 0
    private var began = ContinuousClock.now
    private var stepBegan = ContinuousClock.now
    /// What was done when the step began, and what of it is to be done where that is known.
    private var beforeStep: UInt64 = 0
    private var stepTotal: UInt64?
    /// Where it was at some moments of the last seconds, oldest first.
    private var marks: [(time: ContinuousClock.Instant, done: UInt64)] = []
    /// When something was done last, and the rate then.
    private var last: (time: ContinuousClock.Instant, rate: Double) = (.now, 0)

    /// The rate is that of so many seconds: steps differ in speed, and the beginning says little about the end.
    private static let window = 20.0
    private static let mostMarks = 40

    mutating func begin(_ bytes: UInt64) {
        total = bytes
        done = 0
        began = .now
        marks = [(began, 0)]
        last = (began, 0)
        beginStep()
    }

    mutating func beginStep() {
        stepBegan = .now
        beforeStep = done
        stepTotal = nil
    }

    /// The step will tell of so many bytes, and has told of none.
    mutating func setStepSize(_ bytes: UInt64) {
        stepTotal = bytes
        done = beforeStep
    }

    mutating func add(_ count: Int) {
        done += UInt64(max(0, count))
        mark()
        last = (.now, rate)
    }

    /// Notes where it is. Also where nothing comes, or the rate would be the last one for ever.
    mutating func mark() {
        let now = ContinuousClock.now
        if let last = marks.last, Self.seconds(now - last.time) < Self.window / Double(Self.mostMarks) { return }
        marks.append((now, done))
        while marks.count > Self.mostMarks { marks.removeFirst() }
    }

    /// Since the work began.
    var seconds: Double { Self.seconds(.now - began) }
    /// Since the step began.
    var stepSeconds: Double { Self.seconds(.now - stepBegan) }

    /// From 0 to 1.
    var share: Double { total == 0 ? 0 : min(1, Double(done) / Double(total)) }

    /// Bytes a second, lately; since the beginning where a tensor takes longer than is looked back.
    var rate: Double {
        guard let first = marks.first else { return 0 }
        let elapsed = Self.seconds(.now - first.time)
        if done > first.done, elapsed > 0 { return Double(done - first.done) / elapsed }
        return seconds > 0 ? Double(done) / seconds : 0
    }

    /// Seconds that the rest will take; `nil` where nothing tells.
    var secondsLeft: Double? { tells(done, of: total) ? secondsLeft(total - min(total, done)) : nil }

    /// Seconds that the rest of the step will take; `nil` where nothing tells.
    var stepSecondsLeft: Double? {
        stepTotal.flatMap {
            tells(done - min(done, beforeStep), of: $0)
                ? secondsLeft(beforeStep + $0 - min(beforeStep + $0, done)) : nil
        }
    }

    /// Small files come before a large tensor, and say nothing about how long that will take.
    private func tells(_ done: UInt64, of all: UInt64) -> Bool { Double(done) >= Self.least * Double(all) }

    private static let least = 0.01

    /// Runs down while a large tensor is worked on. `nil` if that takes longer than all before it let expect: then nothing
    /// tells when it will end.
    private func secondsLeft(_ bytes: UInt64) -> Double? {
        guard last.rate > 0 else { return nil }
        let left = Double(bytes) / last.rate - Self.seconds(.now - last.time)
        return left > 0 ? left : nil
    }

    /// To the millisecond.
    static func seconds(_ duration: Duration) -> Double {
        (Double(duration.components.seconds) * 1000 + (Double(duration.components.attoseconds) * 1e-15).rounded())
            / 1000
    }
}
