import Synchronization
import Varve

/// One line on a terminal that says how far the work is: bar, bytes, rate, time left. Silent elsewhere.
final class ProgressBar: Sendable {
    private struct State {
        var total: UInt64 = 0
        var done: UInt64 = 0
        var steps = 0
        var finished = 0
        var label = ""
        var began = ContinuousClock.now
        var drawn: ContinuousClock.Instant?
        var isVisible = false
    }

    private let terminal: Terminal
    private let isEnabled: Bool
    private let quiet: Bool
    private let verb: String
    private let onBegin: @Sendable (Int, UInt64) -> String?
    private let onFinished: @Sendable (Int, UInt64, UInt64) -> String?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - verb: what is done, `compressing`.
    ///   - onBegin: a line to leave behind when the steps and bytes to go through are known.
    ///   - onFinished: a line to leave behind when a step is finished.
    init(
        verb: String, quiet: Bool, onBegin: @escaping @Sendable (Int, UInt64) -> String? = { _, _ in nil },
        onFinished: @escaping @Sendable (Int, UInt64, UInt64) -> String? = { _, _, _ in nil }
    ) {
        self.onBegin = onBegin
        terminal = .standardError
        isEnabled = terminal.isTerminal && !quiet
        self.quiet = quiet
        self.verb = verb
        self.onFinished = onFinished
    }

    var handler: ProgressHandler {
        { event in self.handle(event) }
    }

    private func handle(_ event: ProgressEvent) {
        state.withLock { state in
            switch event {
            case .begin(let steps, let bytes):
                state.total = bytes
                state.steps = steps
                state.began = .now
                if !quiet, let line = onBegin(steps, bytes) { print(line, &state) }
            case .step(let number, _):
                state.label = "step \(number)"
            case .bytes(let count):
                state.done += UInt64(max(0, count))
            case .finished(let number, let original, let stored):
                state.finished += 1
                if !quiet, let line = onFinished(number, original, stored) { print(line, &state) }
            case .notice(let text):
                print("note: \(text)", &state)
                return
            }
            draw(&state)
        }
    }

    /// Removes the line.
    func finish() {
        state.withLock { clear(&$0) }
    }

    private func print(_ line: String, _ state: inout State) {
        clear(&state)
        terminal.writeLine(line)
    }

    private func clear(_ state: inout State) {
        if state.isVisible { terminal.write("\r\u{1B}[K") }
        state.isVisible = false
    }

    private func draw(_ state: inout State) {
        guard isEnabled, state.total > 0 else { return }
        let now = ContinuousClock.now
        if let drawn = state.drawn, now - drawn < .milliseconds(100) { return }
        state.drawn = now
        let elapsed =
            Double((now - state.began).components.seconds)
            + Double((now - state.began).components.attoseconds) * 1e-18
        let share = min(1, Double(state.done) / Double(state.total))
        let width = 24, filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        let rate = elapsed > 0 ? Double(state.done) / elapsed : 0
        let left = rate > 0 ? Units.duration(Double(state.total - min(state.total, state.done)) / rate) : "-:--"
        var line = "\(verb) \(state.label) [\(bar)] \(Units.decimal(share * 100, 0)) %  "
        line +=
            "\(Units.bytes(state.done)) of \(Units.bytes(state.total))  \(Units.bytes(UInt64(rate)))/s  \(left) left"
        terminal.write("\r" + String(line.prefix(terminal.columns - 1)) + "\u{1B}[K")
        state.isVisible = true
    }
}
