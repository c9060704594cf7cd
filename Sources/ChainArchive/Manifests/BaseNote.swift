/// What a step's notes say of the weights outside of the archive on which it builds.
///
/// The text is stored, and read again, so it stays as the first release wrote it: with the command's option.
package enum BaseNote {
    private static let beginning = "builds on the weights of ", middle = ", kept outside: restoring needs --base "

    /// - Parameter name: what `--base` finds them by.
    package static func text(_ name: String) -> String { beginning + name + middle + name }

    /// The name in a step's notes; `nil` where none tells it.
    package static func name(in notes: [String]) -> String? {
        for note in notes where note.hasPrefix(beginning) {
            let rest = note.utf8.dropFirst(beginning.utf8.count)
            let name = String(decoding: rest.suffix(max(0, rest.count - middle.utf8.count) / 2), as: UTF8.self)
            if text(name) == note { return name }
        }
        return nil
    }
}
