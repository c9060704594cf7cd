import FileSystem
import TensorFiles

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
        switch try NumpyHeader.read(source, at: 0, byteCount: source.byteCount) {
        case .foreign, .other: return
        case .cutOff: throw truncated("the header is cut off", source)
        case .header(let header):
            let left = source.byteCount - UInt64(header.byteCount)
            guard let count = byteCount(of: header), left < count else { return }
            throw truncated("the array should have \(count) bytes but has \(left)", source)
        }
    }

    /// Bytes of the elements that a header announces. `nil` for objects, and what is no list of sizes.
    private static func byteCount(of header: NumpyHeader) -> UInt64? {
        guard let type = header.type.wholeMatch(of: /[<>|=]?[?biufcSV]([0-9]{0,9})/), let shape = header.shape else {
            return nil
        }
        var product = type.output.1.isEmpty ? 1 : UInt64(type.output.1) ?? 1
        for length in shape {
            let (value, overflow) = product.multipliedReportingOverflow(by: UInt64(length))
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
