package import FileSystem

extension JSONScanner {
    /// A string, with its escapes resolved.
    package mutating func string() throws(VarveError) -> String {
        try expect("\"")
        let start = offset
        guard let content = stringContent() else { throw failure("a string without end, or with a bad escape") }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure("a string that is no UTF-8", at: start)
        }
        return text
    }

    /// The bytes up to the closing quote, which is consumed. `nil` where the string is not closed, has a control
    /// character or a bad escape.
    private mutating func stringContent() -> [UInt8]? {
        var content: [UInt8] = []
        while let byte = take() {
            switch byte {
            case UInt8(ascii: "\""): return content
            case UInt8(ascii: "\\"): guard appendEscape(to: &content) else { return nil }
            case 0..<0x20: return nil
            default: content.append(byte)
            }
        }
        return nil
    }

    private mutating func appendEscape(to content: inout [UInt8]) -> Bool {
        switch take() {
        case UInt8(ascii: "\""): content.append(0x22)
        case UInt8(ascii: "\\"): content.append(0x5C)
        case UInt8(ascii: "/"): content.append(0x2F)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = escapedScalar() else { return false }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: return false
        }
        return true
    }

    /// The scalar of `\uXXXX` or of a surrogate pair; the first `\u` is consumed already. A lone surrogate is the
    /// replacement character where the dialect has any.
    private mutating func escapedScalar() -> Unicode.Scalar? {
        guard let first = fourDigits() else { return nil }
        let lone: Unicode.Scalar? = dialect == .python ? "\u{FFFD}" : nil
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) ?? lone }
        let behind = position
        guard take() == UInt8(ascii: "\\"), take() == UInt8(ascii: "u"), let second = fourDigits(),
            second & 0xFC00 == 0xDC00
        else {
            position = behind
            return lone
        }
        return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    }

    private mutating func fourDigits() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = take(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
