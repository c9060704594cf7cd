import Synchronization
import Varve

/// One line on a terminal that says how far the work is: bar, bytes, rate, time left. Silent elsewhere; for programs,
/// JSON lines.
final class ProgressBar: Sendable {
    private struct State {
        var pace = Pace()
        var label = ""
        var drawn: ContinuousClock.Instant?
        var isVisible = false
        /// Of the step that will be finished next.
        var kept: KeptChange?
    }

    private let terminal = Terminal.standardError
    private let isDrawn: Bool
    private let options: CommonOptions
    private let lines: ProgressLines?
    private let verb: String
    private let onBegin: @Sendable (Int, UInt64) -> String?
    private let onFinished: @Sendable (Int, UInt64, UInt64) -> String?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - verb: what is done, `compressing`.
    ///   - onBegin: a line to leave behind when the steps and bytes to go through are known.
    ///   - onFinished: a line to leave behind when a step is finished.
    init(
        verb: String, options: CommonOptions, onBegin: @escaping @Sendable (Int, UInt64) -> String? = { _, _ in nil },
        onFinished: @escaping @Sendable (Int, UInt64, UInt64) -> String? = { _, _, _ in nil }
    ) {
        self.onBegin = onBegin
        isDrawn = terminal.movesCursor && !options.quiet && options.form != .jsonLines
        lines = options.form == .jsonLines ? ProgressLines(isVerbose: options.verbose) : nil
        self.options = options
        self.verb = verb
        self.onFinished = onFinished
    }

    var handler: ProgressHandler {
        if let lines { return { lines.handle($0) } }
        return { event in self.handle(event) }
    }

    private func handle(_ event: ProgressEvent) {
        state.withLock { state in
            switch event {
            case .begin(let steps, let bytes):
                state.pace.begin(bytes)
                if let line = onBegin(steps, bytes) { leave(line, &state) }
            case .step(let number, _):
                state.label = "step \(number)"
                state.pace.beginStep()
            case .file(let file):
                if options.verbose { leave("  \(file.line)", &state) }
            case .bytes(let count):
                state.pace.add(count)
            case .kept(_, let kept):
                state.kept = kept
            case .finished(let number, let original, let stored):
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
                return
            }
            draw(&state)
        }
    }

    /// Removes the line.
    func finish() {
        state.withLock { clear(&$0) }
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
        guard isDrawn, state.pace.total > 0, !state.label.isEmpty else { return }
        let now = ContinuousClock.now
        if let drawn = state.drawn, now - drawn < .milliseconds(100) { return }
        state.drawn = now
        // The last column stays free: a character there makes some terminals begin a new line.
        let line = ProgressLine(verb: verb, label: state.label, pace: state.pace).text(width: terminal.columns - 1)
        terminal.write("\r" + line + "\u{1B}[K")
        state.isVisible = true
    }
}
