/// `withUnsafeBytes` that keeps the type of what the body throws.
extension Array where Element == UInt8 {
    package func withRawBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        try self[...].withRawBytes(body)
    }
}

extension ArraySlice where Element == UInt8 {
    package func withRawBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        let result: Swift.Result<Result, CodecError> = withUnsafeBytes { raw in
            do throws(CodecError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both hold the same bytes; stops at the first block of 4096 that differs.
    package func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        var i = 0
        while i < count {
            let end = Swift.min(i &+ 4096, count)
            var difference: UInt8 = 0
            while i < end {
                difference |= self[i] ^ other[i]
                i &+= 1
            }
            if difference != 0 { return false }
        }
        return true
    }
}
