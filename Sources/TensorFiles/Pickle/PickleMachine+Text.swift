import FileSystem

extension PickleMachine {
    /// The string and bytes opcodes. Python 2's `str` (BINSTRING, SHORT_BINSTRING, STRING) gives bytes.
    mutating func pushText(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x58: try push(.string(try text(try input.bytes(try input.unsigned(4)))))
        case 0x8C: try push(.string(try text(try input.bytes(try input.unsigned(1)))))
        case 0x8D: try push(.string(try text(try input.bytes(try input.unsigned(8)))))
        case 0x42: try push(.bytes(try input.bytes(try input.unsigned(4))))
        case 0x43, 0x55: try push(.bytes(try input.bytes(try input.unsigned(1))))
        case 0x8E, 0x96: try push(.bytes(try input.bytes(try input.unsigned(8))))
        case 0x54:
            let length = Int32(truncatingIfNeeded: try input.unsigned(4))
            guard length >= 0 else { throw malformed("a string of negative length") }
            try push(.bytes(try input.bytes(UInt64(length))))
        case 0x53: try push(.bytes(try quoted(try input.line())))
        default: try push(.string(try rawUnicode(try input.line())))
        }
    }

    /// UTF-8 in which surrogates are allowed; those become U+FFFD.
    func text(_ bytes: [UInt8]) throws(VarveError) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var cleaned = bytes
        for index in cleaned.indices.dropLast(2) where cleaned[index] == 0xED && cleaned[index + 1] >= 0xA0 {
            (cleaned[index], cleaned[index + 1], cleaned[index + 2]) = (0xEF, 0xBF, 0xBD)
        }
        guard let text = String(validating: cleaned, as: UTF8.self) else {
            throw malformed("a string that is no UTF-8")
        }
        return text
    }

    /// The bytes of a quoted Python 2 string literal.
    private func quoted(_ line: [UInt8]) throws(VarveError) -> [UInt8] {
        guard line.count >= 2, let quote = line.first, quote == line.last, quote == 0x22 || quote == 0x27 else {
            throw malformed("a string without quotes")
        }
        var result: [UInt8] = []
        var rest = line.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { throw malformed("a bad escape in a string") }
            switch escape {
            case UInt8(ascii: "\\"), 0x22, 0x27: result.append(escape)
            case UInt8(ascii: "a"): result.append(0x07)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "x"):
                guard let value = Self.hexadecimal(rest.prefix(2), digits: 2) else {
                    throw malformed("a bad escape in a string")
                }
                result.append(UInt8(truncatingIfNeeded: value))
                rest = rest.dropFirst(2)
            case 0x30...0x37:
                var value = Int(escape - 0x30)
                for _ in 0..<2 {
                    guard let digit = rest.first, digit >= 0x30, digit <= 0x37 else { break }
                    value = value << 3 | Int(digit - 0x30)
                    rest = rest.dropFirst()
                }
                result.append(UInt8(truncatingIfNeeded: value))
            default: result += [0x5C, escape]
            }
        }
        return result
    }

    /// Python's raw-unicode-escape: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
    private func rawUnicode(_ line: [UInt8]) throws(VarveError) -> String {
        var scalars = String.UnicodeScalarView()
        var rest = line[...]
        while let byte = rest.popFirst() {
            let digits = rest.first == UInt8(ascii: "u") ? 4 : rest.first == UInt8(ascii: "U") ? 8 : 0
            guard byte == UInt8(ascii: "\\"), digits > 0 else {
                scalars.append(Unicode.Scalar(byte))
                continue
            }
            guard let value = Self.hexadecimal(rest.dropFirst().prefix(digits), digits: digits), value <= 0x10FFFF
            else {
                throw malformed("a bad escape in a string")
            }
            scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            rest = rest.dropFirst(1 + digits)
        }
        return String(scalars)
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>, digits: Int) -> UInt32? {
        guard text.count == digits, text.first != UInt8(ascii: "+"), text.first != UInt8(ascii: "-") else { return nil }
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
