import FileSystem

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
