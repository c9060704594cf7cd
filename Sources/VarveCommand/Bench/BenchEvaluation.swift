import Synchronization
import Varve

/// A command of the user's that tells of a checkpoint how good it is.
struct BenchEvaluation: Sendable {
    /// What `/bin/sh` reads, with `{}` where the checkpoint's path belongs.
    let command: String

    /// What it told of one checkpoint.
    enum Outcome: Sendable {
        case value(Double)
        /// How it ended, and the end of what it said.
        case failed(String)
    }

    private struct Told {
        var value: Double?
        var lines: [String] = []
    }

    private static let placeholder = "{}", mostLines = 5

    /// `nil` where the command does not say where the checkpoint's path belongs.
    init?(_ command: String) {
        guard command.contains(Self.placeholder) else { return nil }
        self.command = command
    }

    /// Runs the command, for as long as it takes.
    ///
    /// - Returns: the last number of the last line that has one, of its standard output.
    /// - Throws: `.interrupted`, when all processes that came of the command are gone; `.inputOutput` where there can be no
    ///   process.
    func evaluate(_ checkpoint: String) async throws(VarveError) -> Outcome {
        // A path is no option, whatever it begins with.
        let path = checkpoint.hasPrefix("-") ? "./" + checkpoint : checkpoint
        let told = Mutex(Told())
        let outcome = try await ChildProcess.run(
            .shell(command.replacing(Self.placeholder, with: ShellWord.quoted(path)))
        ) { line in
            let value = LastNumber.of(line)
            told.withLock { told in
                if let value { told.value = value }
                told.lines.append(line)
                if told.lines.count > Self.mostLines { told.lines.removeFirst() }
            }
        }
        let said = told.withLock { $0 }
        if outcome.status == 0, let value = said.value { return .value(value) }
        let how =
            switch outcome.status {
            case 0: "exit status 0, but no number on its standard output"
            case 129...: "exit status \(outcome.status) (signal \(outcome.status - 128))"
            default: "exit status \(outcome.status)"
            }
        let errors = outcome.error.split(separator: "\n").suffix(Self.mostLines).map(String.init)
        let lines = errors.isEmpty ? said.lines : errors
        return .failed(([how] + lines.map { "  \($0)" }).joined(separator: "\n"))
    }
}
