import Glibc

/// JSON within a page: as short as can be, and without a character that HTML gives a meaning to.
struct PageJSON {
    private(set) var text = ""
    private var needsComma = false

    // MARK: Values

    mutating func write(_ value: some BinaryInteger) { element(String(value)) }

    /// A number of so many significant digits; `null` for what is none.
    mutating func write(_ value: Double?, digits: Int) {
        element(value.map { Self.number($0, digits: digits) } ?? "null")
    }

    mutating func write(_ string: String) { element(Self.quoted(string)) }

    mutating func write(_ numbers: some Sequence<some BinaryInteger>) {
        array { json in for number in numbers { json.write(number) } }
    }

    mutating func write(_ numbers: some Sequence<Double?>, digits: Int) {
        array { json in for number in numbers { json.write(number, digits: digits) } }
    }

    mutating func write(_ strings: [String]) { array { json in for string in strings { json.write(string) } } }

    mutating func null() { element("null") }

    // MARK: Structure

    mutating func object(_ body: (inout PageJSON) -> Void) { bracketed("{", "}", body) }

    mutating func array(_ body: (inout PageJSON) -> Void) { bracketed("[", "]", body) }

    /// The name of the value that follows.
    mutating func key(_ name: String) {
        element(Self.quoted(name) + ":")
        needsComma = false
    }

    private mutating func bracketed(_ begin: String, _ end: String, _ body: (inout PageJSON) -> Void) {
        element(begin)
        needsComma = false
        body(&self)
        text += end
        needsComma = true
    }

    private mutating func element(_ value: String) {
        if needsComma { text += "," }
        text += value
        needsComma = true
    }

    // MARK: Text

    /// A string in quotes. Whatever is not plain and visible stands as its number, and so does what HTML could read.
    static func quoted(_ string: String) -> String {
        var result = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "<", ">", "&", "'": result += escape(UInt16(scalar.value))
            case _ where HTMLText.isHidden(scalar): for unit in String(scalar).utf16 { result += escape(unit) }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// `2113e-4`: no point, and no zero at the end, is shortest.
    static func number(_ value: Double, digits: Int) -> String {
        guard value.isFinite else { return "null" }
        if value == 0 { return "0" }
        var exponent = 0, size = value.magnitude, most = 1.0
        for _ in 0..<digits { most *= 10 }
        // Whole numbers below need no more than their digits.
        if size < most, size == size.rounded() { return value < 0 ? "-\(UInt64(size))" : "\(UInt64(size))" }
        while size >= most { size /= 10; exponent += 1 }
        while size < most / 10 { size *= 10; exponent -= 1 }
        var whole = UInt64(size.rounded())
        while whole % 10 == 0 { whole /= 10; exponent += 1 }
        return (value < 0 ? "-" : "") + (exponent == 0 ? "\(whole)" : "\(whole)e\(exponent)")
    }
}
