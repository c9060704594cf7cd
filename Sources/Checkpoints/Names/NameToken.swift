/// A run of letters, a run of digits, or one other character of a file name, in lower case.
struct NameToken: Hashable {
    enum Kind { case letters, digits, other }
    var kind: Kind
    var text: String

    static func split(_ name: String) -> [NameToken] {
        var tokens: [NameToken] = []
        for character in name.lowercased() {
            let kind: Kind =
                if character.isASCII, character.isNumber {
                    .digits
                } else if character.isLetter {
                    .letters
                } else {
                    .other
                }
            if kind != .other, let last = tokens.last, last.kind == kind {
                tokens[tokens.count - 1].text.append(character)
            } else {
                tokens.append(NameToken(kind: kind, text: String(character)))
            }
        }
        return tokens
    }
}
