/// What a codec throws: the kind of failure and one sentence about it.
package struct CodecError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable {
        /// Encoded bytes break a rule of their format.
        case corrupt
        /// The caller's arguments exclude each other or lie out of range.
        case invalidArgument
        /// Memory for a context or a buffer could not be had.
        case outOfMemory
    }

    package var kind: Kind
    /// One sentence: what was expected and what was found.
    package var message: String
    /// Byte offset in the encoded data, where it is known.
    package var offset: Int?

    package init(_ kind: Kind, _ message: String, offset: Int? = nil) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }

    /// A `.corrupt` error.
    package static func corrupt(_ message: String, offset: Int? = nil) -> CodecError {
        CodecError(.corrupt, message, offset: offset)
    }

    package var description: String {
        guard let offset else { return message }
        return "\(message) (at byte \(offset))"
    }
}
