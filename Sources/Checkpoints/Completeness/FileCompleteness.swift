import FileSystem

/// Whether a file that holds no weights is all there, as far as its format tells: a text that breaks off looks like one
/// that ends.
enum FileCompleteness {
    /// - Throws: `.truncated` where the file is shorter than what it began; what reading it throws.
    static func check(_ path: String) throws(VarveError) {
        switch path.split(separator: ".").last {
        case "json": try JSONCompleteness.check(try InputFile(path))
        case "npy": try checkArray(try InputFile(path))
        case "pkl", "pickle": try checkPickle(try InputFile(path))
        default: return
        }
    }

    /// A pickle of protocol 2 or later ends with STOP, also where several follow each other.
    private static func checkPickle(_ source: InputFile) throws(VarveError) {
        guard source.byteCount > 0 else { throw truncated("the file is empty", source) }
        guard try source.bytes(at: 0, count: 1)[0] == 0x80 else { return }
        guard try source.bytes(at: source.byteCount - 1, count: 1)[0] == UInt8(ascii: ".") else {
            throw truncated("the pickle does not end: it is cut off or still being written", source)
        }
    }

    /// numpy's header has the type and the shape, so the size of what follows. Of objects it has not.
    private static func checkArray(_ source: InputFile) throws(VarveError) {
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
        let head = try source.bytes(at: 0, count: Int(min(source.byteCount, 12)))
        guard head.starts(with: magic.prefix(head.count)) else { return }
        guard head.count == 12 else { throw truncated("the header is cut off", source) }
        let isShort = head[6] == 1
        let size = isShort ? Int(head[8]) | Int(head[9]) << 8 : head[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        let start = UInt64(isShort ? 10 : 12) + UInt64(size)
        guard size < 1 << 16, start <= source.byteCount else { throw truncated("the header is cut off", source) }
        let header = String(decoding: try source.bytes(at: start - UInt64(size), count: size), as: UTF8.self)
        guard let count = byteCount(of: header), source.byteCount - start < count else { return }
        throw truncated("the array should have \(count) bytes but has \(source.byteCount - start)", source)
    }

    /// Bytes that a header announces: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. `nil` for objects,
    /// records, and what is none of this.
    private static func byteCount(of header: String) -> UInt64? {
        guard let type = header.firstMatch(of: /'descr':\s*'[<>|=]?([?biufcSV])([0-9]{0,9})'/),
            let shape = header.firstMatch(of: /'shape':\s*\(([0-9, ]*)\)/)
        else { return nil }
        var product = type.output.2.isEmpty ? 1 : UInt64(type.output.2) ?? 1
        for text in shape.output.1.split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard let length = UInt64(text) else { return nil }
            let (value, overflow) = product.multipliedReportingOverflow(by: length)
            guard !overflow else { return nil }
            product = value
        }
        return product
    }

    private static func truncated(_ text: String, _ source: InputFile) -> VarveError {
        VarveError(.truncated, text, file: source.name, offset: source.byteCount)
    }
}

/// Whether a JSON file is all there. A trainer that is killed while it writes one leaves its beginning.
///
/// Only brackets and strings are looked at: what Python writes (`NaN`) need not be JSON.
enum JSONCompleteness {
    /// Larger files are only looked at from behind.
    static let limit: UInt64 = 1 << 20

    /// - Throws: `.truncated` where the file ends inside of what it began, or is empty.
    static func check(_ source: InputFile) throws(VarveError) {
        let isLarge = source.byteCount > limit
        let start = isLarge ? source.byteCount - 4096 : 0
        let bytes = try source.bytes(at: start, count: Int(source.byteCount - start))
        guard isLarge ? endsClosed(bytes) : isBalanced(bytes) else {
            throw VarveError(
                .truncated, "the JSON breaks off: it is cut off or still being written", file: source.name,
                offset: source.byteCount)
        }
    }

    private static func endsClosed(_ bytes: [UInt8]) -> Bool {
        let last = bytes.last { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        return last == UInt8(ascii: "}") || last == UInt8(ascii: "]")
    }

    private static func isBalanced(_ bytes: [UInt8]) -> Bool {
        var depth = 0, isInString = false, isEscaped = false, isEmpty = true
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case 0x20, 0x0A, 0x0D, 0x09: continue
            default: break
            }
            isEmpty = false
        }
        return depth == 0 && !isInString && !isEmpty
    }
}
