package import FileSystem

/// A strict, forward-only reader of one JSON text (RFC 8259) that knows byte offsets.
///
/// It accepts and rejects what serde_json does, because that decides which safetensors headers are valid: no byte order
/// mark, comments or trailing commas, no lone surrogates, nesting up to 127. Nothing is kept of values it skips.
package struct JSONScanner {
    /// What counts as JSON.
    enum Dialect {
        /// What RFC 8259 allows.
        case standard
        /// What Python's `json` writes as well: `NaN`, `Infinity` and `-Infinity`, and lone surrogates, which stand for bytes
        /// of paths that are no UTF-8.
        case python
    }

    static let depthLimit = 127

    private let bytes: [UInt8]
    private let file: String
    private let base: UInt64
    private let part: String
    let dialect: Dialect
    private var depth = 0
    /// Index of the next byte.
    var position = 0

    /// - Parameters:
    ///   - file: what to call it in errors.
    ///   - base: offset of the text's first byte in the file.
    ///   - part: what the text is of the file, for messages.
    init(_ bytes: [UInt8], file: String, base: UInt64, part: String = "header", dialect: Dialect = .standard) {
        self.bytes = bytes
        self.file = file
        self.base = base
        self.part = part
        self.dialect = dialect
    }

    /// Offset in the file of the next byte.
    var offset: UInt64 { base + UInt64(position) }

    func failure(_ message: String, at offset: UInt64? = nil) -> VarveError {
        VarveError(.malformed, "\(part): \(message)", file: file, offset: offset ?? self.offset)
    }

    /// The next byte that is no white space, not consumed. `nil` at the end.
    mutating func peek() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Consumes the next byte, white space too. `nil` at the end.
    mutating func take() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    /// Consumes `byte` if it comes next (after white space).
    mutating func consume(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Character) throws(VarveError) {
        guard let byte = character.asciiValue, consume(byte) else { throw failure("expected '\(character)'") }
    }

    /// Consumes `null` if it comes next.
    mutating func consumeNull() throws(VarveError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    /// Checks that only white space is left.
    mutating func end() throws(VarveError) {
        if peek() != nil { throw failure("bytes behind the object") }
    }

    /// An object; `member` has to consume the value of each key.
    mutating func object(
        _ member: (inout JSONScanner, _ key: String) throws(VarveError) -> Void
    ) throws(VarveError) {
        try expect("{")
        try enter()
        if !consume(UInt8(ascii: "}")) {
            repeat {
                let key = try string()
                try expect(":")
                try member(&self, key)
            } while consume(UInt8(ascii: ","))
            try expect("}")
        }
        depth -= 1
    }

    /// An array; `element` has to consume each value.
    mutating func array(_ element: (inout JSONScanner, _ index: Int) throws(VarveError) -> Void) throws(VarveError) {
        try expect("[")
        try enter()
        if !consume(UInt8(ascii: "]")) {
            var index = 0
            repeat {
                try element(&self, index)
                index += 1
            } while consume(UInt8(ascii: ","))
            try expect("]")
        }
        depth -= 1
    }

    private mutating func enter() throws(VarveError) {
        depth += 1
        if depth > Self.depthLimit { throw failure("nested deeper than \(Self.depthLimit)") }
    }

    /// An integer from 0 to 2^64 - 1, written without sign, fraction and exponent.
    mutating func unsigned() throws(VarveError) -> UInt64 {
        _ = peek()
        let start = offset
        let text = try number()
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { throw failure("expected an unsigned integer", at: start) }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { throw failure("an integer beyond 64 bits", at: start) }
            value = sum
        }
        return value
    }

    /// A whole number that fits an `Int`, however it is written: `20`, `20.0`, `2e1`.
    package mutating func integer() throws(VarveError) -> Int {
        _ = peek()
        let start = offset
        let text = String(decoding: try number(), as: UTF8.self)
        guard let value = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }) else {
            throw failure("expected a whole number", at: start)
        }
        return value
    }

    /// Checks and skips any value.
    mutating func skipValue() throws(VarveError) {
        switch peek() {
        case UInt8(ascii: "{"): try object { (scanner, _) throws(VarveError) in try scanner.skipValue() }
        case UInt8(ascii: "["): try array { (scanner, _) throws(VarveError) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case UInt8(ascii: "N") where dialect == .python: try word("NaN")
        case UInt8(ascii: "I") where dialect == .python: try word("Infinity")
        case UInt8(ascii: "-") where dialect == .python && bytes[position...].starts(with: "-I".utf8):
            try word("-Infinity")
        default:
            let start = offset
            let text = String(decoding: try number(), as: UTF8.self)
            guard let value = Double(text), value.isFinite else { throw failure("a number out of range", at: start) }
        }
    }

    private mutating func word(_ word: String) throws(VarveError) {
        for byte in word.utf8 {
            guard position < bytes.count, bytes[position] == byte else { throw failure("expected a value") }
            position += 1
        }
    }

    /// The text of a number.
    private mutating func number() throws(VarveError) -> ArraySlice<UInt8> {
        _ = peek()
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return bytes[start..<position]
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func digits() throws(VarveError) {
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        if position == start { throw failure("expected a value") }
    }
}
