import Dispatch
import Glibc
import Synchronization
import Varve

/// One line on a terminal that says what is done and how far it is: twice a second, whether anything has happened or not.
/// Silent elsewhere; for programs, JSON lines.
final class ProgressBar: Sendable {
    /// What is going on.
    private enum Activity {
        /// Nothing is known yet: the run or the archive is looked through.
        case beginning
        case step
        /// A step is done, and nothing else has begun: the last files are written, originals are compared.
        case finishing
        /// Of a watch: for the next checkpoint.
        case waiting
    }

    private struct State {
        var pace = Pace()
        var activity = Activity.beginning
        /// When that began.
        var since = ContinuousClock.now
        var number = 0
        /// Steps that were begun, since the last `begin`.
        var position = 0
        var steps: Int?
        var tensor: String?
        /// Of steps that are done: how many, their bytes in the archive, and when the last one was.
        var finished = 0
        var stored: UInt64 = 0
        var finishedAt: ContinuousClock.Instant?
        var isVisible = false
        var isOver = false
        /// What is said before anything else, once the work has begun without an error.
        var header: [String]
        /// Of the step that will be finished next.
        var kept: KeptChange?
    }

    /// The one on the terminal: whoever has to say something else ends it first.
    private static let current = Mutex<ProgressBar?>(nil)

    /// Whether a signal has told the work to end.
    private static let isEnding = Atomic<Bool>(false)

    private let terminal = Terminal.standardError
    private let isDrawn: Bool
    private let isWatch: Bool
    private let options: CommonOptions
    private let lines: ProgressLines?
    private let verb: String
    private let onBegin: @Sendable (Int, UInt64) -> String?
    private let onFinished: @Sendable (Int, UInt64, UInt64) -> String?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - verb: what is done, `compressing`.
    ///   - isWatch: whether it waits for more when it is done with what there is.
    ///   - header: lines that say what is about to be done; not before it has begun, so that an error comes alone.
    ///   - onBegin: a line to leave behind when the steps and bytes to go through are known.
    ///   - onFinished: a line to leave behind when a step is finished.
    init(
        verb: String, options: CommonOptions, isWatch: Bool = false, header: [String] = [],
        onBegin: @escaping @Sendable (Int, UInt64) -> String? = { _, _ in nil },
        onFinished: @escaping @Sendable (Int, UInt64, UInt64) -> String? = { _, _, _ in nil }
    ) {
        self.onBegin = onBegin
        isDrawn = terminal.movesCursor && !options.quiet && options.form != .jsonLines
        lines = options.form == .jsonLines ? ProgressLines(isVerbose: options.verbose) : nil
        self.options = options
        self.verb = verb
        self.isWatch = isWatch
        self.onFinished = onFinished
        state = Mutex(State(header: header))
        if isWatch { state.withLock { $0.activity = .waiting } }
        Self.current.withLock { $0 = self }
        if isDrawn { drawAgainAndAgain() }
    }

    var handler: ProgressHandler { { event in self.handle(event) } }

    /// What is in the archive already, for somebody who interrupts the work.
    func saved(in archive: String) -> String? {
        state.withLock { state in
            guard let steps = state.steps, steps > 0 else { return nil }
            let count = Units.count(isWatch ? state.finished : steps, "step")
            let of = isWatch ? count : "\(state.finished) of the \(count) to add"
            return "\(of) \(state.finished == 1 ? "is" : "are") in \(archive); the same command goes on"
        }
    }

    /// Removes the line, for good.
    func finish() {
        state.withLock {
            clear(&$0)
            $0.isOver = true
        }
        Self.current.withLock { if $0 === self { $0 = nil } }
    }

    /// Lets the line say that the work ends, for as long as it still takes.
    static func sayThatWorkEnds() { isEnding.store(true, ordering: .relaxed) }

    /// Removes the line of whatever is going on.
    static func endCurrent() { current.withLock { $0 }?.finish() }

    // MARK: Events

    private func handle(_ event: ProgressEvent) {
        state.withLock { state in
            sayHeader(&state)
            count(event, &state)
            if let lines { return lines.handle(event) }
            switch event {
            case .begin(let steps, let bytes):
                if let line = onBegin(steps, bytes) { leave(line, &state) }
            case .file(let file):
                if options.verbose { leave("  \(file.line)", &state) }
            case .kept(_, let kept):
                state.kept = kept
            case .finished(let number, let original, let stored):
                clear(&state)
                if var line = onFinished(number, original, stored) {
                    if let text = state.kept?.text { line += ", \(text)" }
                    state.kept = nil
                    if options.verbose { line += ", \(Units.seconds(state.pace.stepSeconds))" }
                    leave(line, &state)
                }
            case .verified(let number):
                if options.verbose { leave("step \(number): decoded and compared", &state) }
            case .removed(let number, let path, let bytes):
                leave("step \(number): original removed (\(path), \(Units.bytes(bytes)))", &state)
            case .notice(let text):
                clear(&state)
                options.note(text)
            case .step, .size, .working, .bytes: break
            }
        }
    }

    /// Keeps in mind where the work is.
    private func count(_ event: ProgressEvent, _ state: inout State) {
        switch event {
        case .begin(let steps, let bytes):
            state.pace.begin(bytes)
            state.steps = steps
            state.position = 0
        case .step(let number, _):
            state.number = number
            state.position += 1
            state.pace.beginStep()
            enter(.step, &state)
        case .size(let bytes): state.pace.setStepSize(bytes)
        case .working(let name): state.tensor = name
        case .bytes(let count): state.pace.add(count)
        case .finished(_, _, let stored):
            state.finished += 1
            state.stored += stored
            state.finishedAt = .now
            enter(.finishing, &state)
        case .verified: if isWatch { enter(.waiting, &state) }
        case .file, .kept, .removed, .notice: break
        }
    }

    private func enter(_ activity: Activity, _ state: inout State) {
        state.activity = activity
        state.since = .now
        state.tensor = nil
    }

    // MARK: The line

    /// On a queue of its own: the threads that work are busy for as long as a large tensor takes.
    private func drawAgainAndAgain() {
        DispatchQueue(label: "varve.progress").async { [weak self] in
            while true {
                usleep(500_000)
                guard let self, self.drawOnce() else { return }
            }
        }
    }

    /// - Returns: whether there will be more to draw.
    private func drawOnce() -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            state.pace.mark()
            draw(&state)
            return true
        }
    }

    private func sayHeader(_ state: inout State) {
        for line in state.header { leave(line, &state) }
        state.header = []
    }

    private func leave(_ line: String, _ state: inout State) {
        clear(&state)
        options.announce(line)
    }

    private func clear(_ state: inout State) {
        if state.isVisible { terminal.write("\r\u{1B}[K") }
        state.isVisible = false
    }

    private func draw(_ state: inout State) {
        guard terminal.isForeground else {
            // What is on the terminal now is somebody else's.
            state.isVisible = false
            return
        }
        // The last column stays free: a character there makes some terminals begin a new line.
        let line = Terminal.printable(text(state, width: terminal.columns - 1))
        terminal.write("\r" + line + "\u{1B}[K")
        state.isVisible = true
    }

    private func text(_ state: State, width: Int) -> String {
        let time = Units.duration(Pace.seconds(.now - state.since))
        guard !Self.isEnding.load(ordering: .relaxed) else {
            return String("stopping when this tensor is done; Ctrl-C again stops at once  \(time)".prefix(width))
        }
        let text: String
        switch state.activity {
        case .step where state.pace.total > 0:
            let isPart = (state.steps ?? 1) > 1
            return ProgressLine(
                verb: verb,
                label: "step \(state.number)" + (isPart ? " (\(state.position) of \(state.steps ?? 1))" : ""),
                detail: state.tensor, isPart: isPart, pace: state.pace
            ).text(width: width)
        case .beginning, .step: text = "\(verb)  \(time)"
        case .finishing:
            text = isWatch ? "comparing step \(state.number)  \(time)" : "\(verb): finishing  \(time)"
        case .waiting:
            guard let finishedAt = state.finishedAt else {
                text = "waiting for a checkpoint  \(time)"
                break
            }
            text =
                "waiting; last step \(state.number), \(Units.ago(Pace.seconds(.now - finishedAt))); "
                + "\(Units.count(state.finished, "step")), \(Units.bytes(state.stored))"
        }
        return String(text.prefix(width))
    }
}
