import FileSystem

/// A forward-only reader over a part of a byte source, for pickles whose length nobody has declared.
///
/// It holds one window of the source. A declared length is checked against what is left before anything is allocated.
struct PickleInput {
    private static let windowBytes: UInt64 = 1 << 18

    private let source: any ByteSource
    private let end: UInt64
    private var window: [UInt8] = []
    private var windowStart: UInt64
    private var next = 0

    /// - Parameter range: has to lie within the source.
    init(_ source: any ByteSource, _ range: Range<UInt64>) {
        self.source = source
        self.end = range.upperBound
        self.windowStart = range.lowerBound
    }

    /// Offset in the source of the next byte.
    var position: UInt64 { windowStart + UInt64(next) }

    /// Bytes that are left.
    var remaining: UInt64 { end - position }

    func failure(_ code: VarveError.Code, _ message: String, at offset: UInt64? = nil) -> VarveError {
        VarveError(code, "pickle: \(message)", file: source.name, offset: offset ?? position)
    }

    /// Loads the next window. The present one has to be used up.
    private mutating func advance() throws(VarveError) {
        let start = position
        guard start < end else { throw failure(.truncated, "it ends in the middle") }
        window = try source.bytes(at: start, count: Int(min(Self.windowBytes, end - start)))
        windowStart = start
        next = 0
    }

    mutating func byte() throws(VarveError) -> UInt8 {
        if next == window.count { try advance() }
        next += 1
        return window[next - 1]
    }

    mutating func bytes(_ count: UInt64) throws(VarveError) -> [UInt8] {
        guard count <= remaining else {
            throw failure(.truncated, "\(count) bytes declared, \(remaining) left")
        }
        if count <= UInt64(window.count - next) {
            next += Int(count)
            return Array(window[(next - Int(count))..<next])
        }
        let start = position
        let result = try source.bytes(at: start, count: Int(count))
        (window, windowStart, next) = ([], start + count, 0)
        return result
    }

    /// Moves on without reading.
    mutating func skip(_ count: UInt64) throws(VarveError) {
        guard count <= remaining else { throw failure(.truncated, "\(count) bytes declared, \(remaining) left") }
        if count <= UInt64(window.count - next) {
            next += Int(count)
        } else {
            (window, windowStart, next) = ([], position + count, 0)
        }
    }

    /// An unsigned little-endian integer of 1 to 8 bytes.
    mutating func unsigned(_ byteCount: Int) throws(VarveError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<byteCount { value |= UInt64(try byte()) << UInt64(8 * index) }
        return value
    }

    /// The bytes up to the next line feed, which is consumed and left out.
    mutating func line() throws(VarveError) -> [UInt8] {
        var result: [UInt8] = []
        while true {
            if next == window.count { try advance() }
            if let feed = window[next...].firstIndex(of: 0x0A) {
                result += window[next..<feed]
                next = feed + 1
                return result
            }
            result += window[next...]
            next = window.count
        }
    }
}
