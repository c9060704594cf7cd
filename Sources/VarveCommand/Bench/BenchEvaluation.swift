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

/// The figure that a command ended its output with.
enum LastNumber {
    /// The last number of a line: `2.31`, `-1`, `.5`, `1e-3`, `nan`, `inf`; digits at the end of a word are part of its name.
    /// `nil` where there is none.
    static func of(_ line: String) -> Double? {
        let bytes = Array(withoutEscapes(line).utf8)
        var found: Double?, at = 0
        while at < bytes.count {
            let end = word(bytes, at)
            if end > at, let value = Double(String(decoding: bytes[at..<end], as: UTF8.self)) { found = value }
            at = max(end, at + 1)
        }
        return found
    }

    /// Where the number ends that begins at `start`; `start` where none does.
    private static func word(_ bytes: [UInt8], _ start: Int) -> Int {
        if start > 0, isWord(bytes[start - 1]) { return start }
        var at = start
        if bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        for special in ["infinity", "inf", "nan"] where starts(bytes, at, special) {
            let end = at + special.utf8.count
            if end == bytes.count || !isWord(bytes[end]) { return end }
        }
        let whole = digits(bytes, at)
        var end = whole
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            let fraction = digits(bytes, end + 1)
            // "5." ends with its digits: the dot ends a sentence as well.
            if fraction > end + 1 { end = fraction }
        }
        guard end > at else { return start }
        if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            let sign =
                end + 1 < bytes.count && (bytes[end + 1] == UInt8(ascii: "-") || bytes[end + 1] == UInt8(ascii: "+"))
            let begin = end + (sign ? 2 : 1), exponent = digits(bytes, begin)
            if exponent > begin { end = exponent }
        }
        return end
    }

    private static func digits(_ bytes: [UInt8], _ start: Int) -> Int {
        var at = start
        while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) { at += 1 }
        return at
    }

    private static func starts(_ bytes: [UInt8], _ at: Int, _ text: String) -> Bool {
        at + text.utf8.count <= bytes.count && zip(bytes[at...], text.utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }

    /// Without what colours a terminal.
    private static func withoutEscapes(_ line: String) -> String {
        guard line.utf8.contains(0x1B) else { return line }
        var result: [UInt8] = [], isEscape = false
        for byte in line.utf8 {
            if byte == 0x1B {
                isEscape = true
            } else if !isEscape {
                result.append(byte)
            } else if (0x40...0x7E).contains(byte), byte != UInt8(ascii: "[") {
                isEscape = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
