package import FileSystem

extension JSONScanner {
    /// What an object holds under one key, in a file that is JSON as a whole. The rest is checked and skipped.
    ///
    /// Such files lie beside checkpoints and are written by Python, in its dialect: the log of a training whose loss was NaN
    /// has a `NaN` in it.
    /// - Parameter read: has to consume the value. It is not asked for `null`.
    /// - Returns: `nil` if there is no such key, or `null` under it. The last of several, as for Python's reader.
    /// - Throws: `.malformed` for what is no JSON, or no object, with the offset; what `read` throws.
    package static func member<Value>(
        _ key: String, of bytes: [UInt8], file: String,
        _ read: (inout JSONScanner) throws(VarveError) -> Value
    ) throws(VarveError) -> Value? {
        var scanner = JSONScanner(bytes, file: file, base: 0, part: "JSON", dialect: .python)
        var value: Value?
        try scanner.object { (scanner, name) throws(VarveError) in
            guard name == key else { return try scanner.skipValue() }
            value = try scanner.consumeNull() ? nil : try read(&scanner)
        }
        try scanner.end()
        return value
    }

    /// A string under one key; see `member(_:of:file:_:)`.
    package static func string(_ key: String, of bytes: [UInt8], file: String) throws(VarveError) -> String? {
        try member(key, of: bytes, file: file) { (scanner) throws(VarveError) in try scanner.string() }
    }

    /// An object of strings.
    package mutating func strings() throws(VarveError) -> [String: String] {
        var result: [String: String] = [:]
        try object { (scanner, key) throws(VarveError) in result[key] = try scanner.string() }
        return result
    }
}
