import Glibc
import Synchronization
import Varve

/// An output stream and what it is connected to.
struct Terminal: Sendable {
    let descriptor: Int32

    static let standardOutput = Terminal(descriptor: 1)
    static let standardError = Terminal(descriptor: 2)

    /// What is done before the process ends because nobody reads its output any more.
    static let cleanUp = Mutex<(@Sendable () -> Void)?>(nil)

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal; 100 where it is none, 80 where it does not tell.
    var columns: Int {
        guard isTerminal else { return 100 }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// How wide a table may be; `nil` where no person looks at it.
    var tableWidth: Int? { isTerminal ? columns : nil }

    /// Whether this process may draw: not where it was sent to the background, where the terminal is somebody else's.
    var isForeground: Bool {
        let group = tcgetpgrp(descriptor)
        return group < 0 || group == getpgrp()
    }

    /// Whether a line can be written over: a terminal that says what it is, and that it is more than paper.
    var movesCursor: Bool {
        guard isTerminal, let kind = ProcessEnvironment.value("TERM") else { return false }
        return !kind.isEmpty && kind != "dumb"
    }

    /// Colours only on such a terminal, and not where NO_COLOR is set.
    var usesColour: Bool {
        movesCursor && (ProcessEnvironment.value("NO_COLOR") ?? "").isEmpty
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                guard descriptor == 1 else { return }
                let number = errno
                Self.cleanUp.withLock { $0 }?()
                // Nobody reads any more (`varve report | head`): there is nobody to tell either.
                if number == EPIPE { _exit(ExitStatus.nobodyReads) }
                ExitStatus.failOutput(number)
            }
            done += count
        }
    }

    /// The code of the error that says that whoever read the output has gone.
    static let nobodyReads = VarveError.Code(rawValue: "nobodyReads")

    /// Bytes as they are. What goes wrong is thrown, so that unfinished work is cleaned up.
    func write(_ bytes: UnsafeRawBufferPointer) throws(VarveError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let number = errno
                guard number != EPIPE else { throw VarveError(Self.nobodyReads, "nobody reads the output") }
                throw VarveError(
                    ExitStatus.outputCode(number), "writing failed: \(ExitStatus.outputReason(number))",
                    file: "standard output")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// A line of text, with whatever would control the terminal taken out of it, because names come from files that
    /// anybody may have made. The library's names for options become the command's.
    func writeLine(_ text: String = "") { write(Self.printable(OptionNames.translated(text)) + "\n") }

    /// A sentence, broken at words where a person reads it.
    func writeProse(_ text: String) {
        writeLine(isTerminal ? Prose.wrapped(Self.printable(OptionNames.translated(text)), width: columns) : text)
    }

    /// The text with control characters, line feed and tab excepted, replaced.
    static func printable(_ text: String) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }
}

/// Sentences for a terminal of some width.
enum Prose {
    /// The text broken at blanks so that no line is longer, as far as its words allow; further lines are indented. Blanks
    /// that follow each other, which align something, stay. A number and its unit count as one word.
    static func wrapped(_ text: String, width: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            wrappedLine(String(line), max(width, 20))
        }.joined(separator: "\n")
    }

    private static let indent = "    "

    /// What `Units` writes behind a number, with a blank between.
    private static let units: Set<Substring> = ["B", "kB", "MB", "GB", "TB", "PB", "%", "s", "min", "h"]

    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let unit = word.prefix { $0.isLetter || $0 == "%" }
            if let number = words.last, number.last?.isNumber ?? false, units.contains(unit),
                word.dropFirst(unit.count).allSatisfy(\.isPunctuation)
            {
                words[words.count - 1] = "\(number) \(word)"
            } else {
                words.append(String(word))
            }
        }
        return words
    }

    private static func wrappedLine(_ text: String, _ width: Int) -> String {
        guard text.count > width else { return text }
        var lines: [String] = [], line = ""
        for word in words(text) {
            let isFirst = line.isEmpty || line == indent
            if !isFirst, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + word
            } else if line.isEmpty, lines.isEmpty {
                line = word
            } else {
                line += (line == indent ? "" : " ") + word
            }
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
