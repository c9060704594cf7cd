import ArgumentParser

/// What every command takes, and how it says what it did.
///
/// A command with these options writes its result with `finish`, its warnings with `note`, and shows its progress with
/// `ProgressBar(verb:options:)`; quiet, verbose and both kinds of JSON are then taken care of.
struct CommonOptions: ParsableArguments {
    enum Detail: EnumerableFlag {
        case quiet, verbose

        static func name(for value: Detail) -> NameSpecification { [.short, .long] }

        static func help(for value: Detail) -> ArgumentHelp? {
            switch value {
            case .quiet: "Only what was asked for, warnings and errors."
            case .verbose: "Say more: how each file is understood, and times."
            }
        }
    }

    enum Form: EnumerableFlag {
        case json, jsonLines

        static func help(for value: Form) -> ArgumentHelp? {
            switch value {
            case .json: "Print one JSON document; errors as JSON too."
            case .jsonLines: "Print JSON lines while it works; the last is the result."
            }
        }
    }

    @Flag(exclusivity: .exclusive)
    var detail: Detail?

    @Flag(exclusivity: .exclusive)
    var form: Form?

    var quiet: Bool { detail == .quiet }
    var verbose: Bool { detail == .verbose }
    /// Whether a program reads what is printed, so that no prose may be among it.
    var isJSON: Bool { form != nil }

    /// Prints the result: as a JSON document with `type`, or what `text` writes.
    func finish(_ type: String, _ result: some Encodable, text: () -> Void) throws {
        switch form {
        case .json: Terminal.standardOutput.writeLine(try JSONText.document(type, result))
        case .jsonLines: Terminal.standardOutput.writeLine(try JSONText.line(type, result))
        case nil: text()
        }
    }

    /// A line that says what was done, for people who want to hear it.
    func say(_ line: String) {
        if !quiet, !isJSON { Terminal.standardOutput.writeProse(line) }
    }

    /// Something a user should read that is no error. A JSON document has it in a field of its own; JSON lines get a
    /// line.
    func note(_ text: String) {
        switch form {
        case .json: break
        case .jsonLines: ProgressLines.write("notice", ProgressLines.Notice(message: text))
        case nil: Terminal.standardError.writeProse("note: \(text)")
        }
    }

    /// Another process has the archive.
    func waiting(_ text: String) {
        if form == .jsonLines { return ProgressLines.write("notice", ProgressLines.Notice(message: text)) }
        Terminal.standardError.writeLine("waiting: \(text)")
    }

    /// Something about the work that is about to begin.
    func announce(_ text: String) {
        if !quiet, !isJSON { Terminal.standardError.writeProse(text) }
    }
}

/// The archive's path without trailing slashes.
func normalized(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
}
