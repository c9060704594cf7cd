/// How far a long piece of work is, and how fast it goes.
struct Pace: Sendable {
    private(set) var total: UInt64 = 0
    private(set) var done: UInt64 = 0
    private var began = ContinuousClock.now
    private var stepBegan = ContinuousClock.now
    /// Where it was at some moments of the last seconds, oldest first.
    private var marks: [(time: ContinuousClock.Instant, done: UInt64)] = []

    /// The rate is that of so many seconds: steps differ in speed, and the beginning says little about the end.
    private static let window = 20.0
    private static let mostMarks = 40

    mutating func begin(_ bytes: UInt64) {
        total = bytes
        began = .now
        marks = [(began, done)]
    }

    mutating func beginStep() { stepBegan = .now }

    mutating func add(_ count: Int) {
        done += UInt64(max(0, count))
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

    /// Bytes a second, lately.
    var rate: Double {
        guard let first = marks.first else { return 0 }
        let elapsed = Self.seconds(.now - first.time)
        return elapsed > 0 ? Double(done - first.done) / elapsed : 0
    }

    /// Seconds that the rest will take; `nil` where nothing tells.
    var secondsLeft: Double? {
        rate > 0 ? Double(total - min(total, done)) / rate : nil
    }

    /// To the millisecond.
    static func seconds(_ duration: Duration) -> Double {
        (Double(duration.components.seconds) * 1000 + (Double(duration.components.attoseconds) * 1e-15).rounded())
            / 1000
    }
}
