import Varve

/// An error for programs: one line of JSON on standard error.
struct ErrorDocument: Encodable {
    /// As in `VarveError.Code`.
    var code: String
    /// The exit code that goes with it.
    var exit: Int32
    var message: String
    var file: String?
    var offset: UInt64?
    var tensor: String?
    var cause: String?

    /// Whether the call asked for JSON. Looked for by hand: what the parser refused has no options.
    static var isWanted: Bool {
        CommandLine.arguments.dropFirst().prefix { $0 != "--" }.contains { $0 == "--json" || $0 == "--json-lines" }
    }

    /// `file: at byte N: tensor NAME: message (cause)`, only the known parts.
    var text: String {
        var text = ""
        if let file { text += "\(file): " }
        if let offset { text += "at byte \(offset): " }
        if let tensor { text += "tensor \(tensor): " }
        text += message
        if let cause { text += " (\(cause))" }
        return text
    }
}

extension ErrorDocument {
    init(_ error: VarveError) {
        self.init(
            code: error.code.rawValue, exit: ExitStatus.status(for: error.code), message: error.message,
            file: error.location.file, offset: error.location.offset, tensor: error.location.tensor,
            cause: error.cause.map { "\($0)" })
    }
}
