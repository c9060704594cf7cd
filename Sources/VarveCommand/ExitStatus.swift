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

    /// What each code means: the help's table, which the README repeats.
    static let meanings: [(code: String, meaning: String)] = [
        ("0", "done"),
        ("\(failed)", "failed, or a difference was found"),
        ("\(usage)", "usage"),
        ("\(stepsSkipped)", "done, but some checkpoints or files were skipped"),
        ("\(notAnArchive)", "not an archive"),
        ("\(locked)", "another process writes to the archive"),
        ("\(damaged)", "damaged; file, offset and tensor are named"),
        ("\(noSpace)", "no space"),
        ("130, 143", "interrupted (SIGINT, SIGTERM)"),
    ]

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
        if let error = error as? VarveError {
            fail(ErrorDocument(error))
        }
        if let code = error as? ExitCode { end(code.rawValue) }
        // Help and version are "errors" of the parser that succeed; a wrong call is one that fails validation.
        let code = VarveTool.exitCode(for: error)
        if code.isSuccess { VarveTool.exit(withError: error) }
        guard code == .validationFailure else {
            fail(ErrorDocument(code: VarveError.Code.inputOutput.rawValue, exit: failed, message: "\(error)"))
        }
        if ErrorDocument.isWanted {
            fail(
                ErrorDocument(
                    code: VarveError.Code.usage.rawValue, exit: usage, message: VarveTool.message(for: error)))
        }
        Terminal.standardError.writeLine(VarveTool.fullMessage(for: error))
        end(usage)
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
        if ErrorDocument.isWanted, let line = try? JSONText.line("error", document) {
            Terminal.standardError.writeLine(line)
        } else {
            Terminal.standardError.writeLine("varve: \(document.text)")
        }
    }

    static func end(_ status: Int32) -> Never {
        fflush(nil)
        if MemoryShortage.isLimited { _exit(status) }
        Glibc.exit(status)
    }
}
