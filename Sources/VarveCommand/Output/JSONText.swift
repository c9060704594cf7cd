import FoundationEssentials

/// JSON for standard output and errors: sorted keys, the same everywhere.
enum JSONText {
    /// A readable document, with what it is under `type`.
    static func document(_ type: String, _ value: some Encodable) throws -> String {
        try encode(Typed(type: type, value: value), [.prettyPrinted])
    }

    /// The same on one line.
    static func line(_ type: String, _ value: some Encodable) throws -> String {
        try encode(Typed(type: type, value: value), [])
    }

    private static func encode(_ value: some Encodable, _ form: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = form.union([.sortedKeys, .withoutEscapingSlashes])
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A value that encodes as an object, with `type` among its fields.
    private struct Typed<Value: Encodable>: Encodable {
        let type: String
        let value: Value

        enum Key: String, CodingKey { case type }

        func encode(to encoder: any Encoder) throws {
            try value.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(type, forKey: .type)
        }
    }
}
