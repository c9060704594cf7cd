import FoundationEssentials
import Varve

/// An error for programs: one line of JSON on standard error.
struct ErrorDocument: Codable {
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
            cause: error.cause.flatMap { $0 is CancellationError ? nil : "\($0)" })
    }

    /// What another process of this program wrote to standard error; `nil` where it is no such document.
    init?(line: String) {
        guard let document = try? JSONDecoder().decode(ErrorDocument.self, from: Data(line.utf8)) else { return nil }
        self = document
    }

    /// The error that another process of this program told.
    var error: VarveError {
        VarveError(
            VarveError.Code(rawValue: code), cause.map { "\(message) (\($0))" } ?? message, file: file, offset: offset,
            tensor: tensor)
    }
}
