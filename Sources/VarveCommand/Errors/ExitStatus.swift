import ArgumentParser
import Glibc
import Varve

/// Exit codes, and how errors become them.
enum ExitStatus {
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let stepsSkipped: Int32 = 3
    static let notAnArchive: Int32 = 10
    static let locked: Int32 = 11
    static let damaged: Int32 = 12
    static let noSpace: Int32 = 13
    /// As of a process that SIGPIPE ends.
    static let nobodyReads: Int32 = 141

    /// What each code means: the help's table, which Docs/guide/troubleshooting.md repeats.
    static let meanings: [(code: String, meaning: String)] = [
        ("0", "done"),
        ("\(failed)", "failed, or a difference was found"),
        ("\(usage)", "usage"),
        ("\(stepsSkipped)", "done, but something of the run is not in the archive"),
        ("\(notAnArchive)", "not an archive"),
        ("\(locked)", "another process writes to the archive"),
        ("\(damaged)", "damaged; file, offset and tensor are named"),
        ("\(noSpace)", "no space"),
        ("129, 130, 143", "interrupted (SIGHUP, SIGINT, SIGTERM)"),
    ]

    /// The table as lines of text.
    static var table: String {
        let width = meanings.map(\.code.count).max() ?? 0
        return meanings.map { "  \($0.code)" + String(repeating: " ", count: width - $0.code.count + 2) + $0.meaning }
            .joined(separator: "\n")
    }

    /// The code for an error's code.
    static func status(for code: VarveError.Code) -> Int32 {
        switch code {
        case .usage: usage
        case .notAnArchive: notAnArchive
        case .locked: locked
        case .damaged: damaged
        case .noSpace: noSpace
        case .interrupted: 128 + Interruption.signal
        default: failed
        }
    }

    /// Says what went wrong and ends.
    static func exit(with error: any Error) -> Never {
        if let error = error as? VarveError { fail(ErrorDocument(advised(error))) }
        if error is CancellationError { fail(ErrorDocument(VarveError(.interrupted, "interrupted"))) }
        if let code = error as? ExitCode { end(code.rawValue) }
        // Help and version are "errors" of the parser that succeed; a wrong call is one that fails validation.
        let code = VarveTool.exitCode(for: error)
        if code.isSuccess {
            Terminal.standardOutput.write(VarveTool.fullMessage(for: error) + "\n")
            end(0)
        }
        guard code == .validationFailure else {
            fail(
                ErrorDocument(
                    code: VarveError.Code.inputOutput.rawValue, exit: failed, message: "\(error)"))
        }
        let arguments = Array(CommandLine.arguments.dropFirst())
        let missing = VarveTool.message(for: error).hasPrefix("Missing value")
        if missing, let advice = UsageAdvice.negativeNumber(arguments) { failUsage(advice) }
        guard !ErrorDocument.isWanted else { failUsage(VarveTool.message(for: error)) }
        // One form for whatever goes wrong: the parser's own begins otherwise.
        let text = VarveTool.fullMessage(for: error)
        Terminal.standardError.writeLine(text.hasPrefix("Error: ") ? "varve: " + text.dropFirst(7) : text)
        end(usage)
    }

    /// Says what is wrong with the call and ends.
    static func failUsage(_ message: String) -> Never {
        fail(ErrorDocument(code: VarveError.Code.usage.rawValue, exit: usage, message: message))
    }

    /// Says that standard output takes nothing any more, and ends.
    static func failOutput(_ number: Int32) -> Never {
        let code = outputCode(number)
        tell(
            ErrorDocument(
                code: code.rawValue, exit: status(for: code), message: "writing failed: \(outputReason(number))",
                file: "standard output"))
        _exit(status(for: code))
    }

    /// What it means that standard output takes nothing.
    static func outputCode(_ number: Int32) -> VarveError.Code {
        number == ENOSPC || number == EDQUOT || number == EFBIG ? .noSpace : .inputOutput
    }

    static func outputReason(_ number: Int32) -> String {
        number == EBADF ? "it is closed" : String(cString: strerror(number))
    }

    /// The error with the archive that the user may have meant.
    private static func advised(_ error: VarveError) -> VarveError {
        guard error.code == .notAnArchive || error.code == .notFound, let file = error.location.file,
            let archive = ArchiveLocation.existing(of: file)
        else { return error }
        var advised = error
        advised.message += "; did you mean \(archive)?"
        return advised
    }

    private static func fail(_ document: ErrorDocument) -> Never {
        tell(document)
        end(document.exit)
    }

    /// Says what went wrong in work that goes on; `exit` is the code with which it will end.
    static func tell(_ error: VarveError, exit: Int32) {
        var document = ErrorDocument(error)
        document.exit = exit
        tell(document)
    }

    /// Says it as the user wants to hear it.
    private static func tell(_ document: ErrorDocument) {
        ProgressBar.endCurrent()
        if ErrorDocument.isWanted, let line = try? JSONText.line("error", document) {
            Terminal.standardError.writeLine(line)
        } else {
            Terminal.standardError.writeProse("varve: \(document.text)")
        }
    }

    static func end(_ status: Int32) -> Never {
        fflush(nil)
        if MemoryShortage.isLimited { _exit(status) }
        Glibc.exit(status)
    }
}
