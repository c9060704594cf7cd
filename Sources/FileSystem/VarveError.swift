/// The error that every public function of Varve throws: what went wrong, where, and why.
///
/// `code` is an open set: switch over the codes you handle and keep a default.
public struct VarveError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure this is. New codes may be added in any release.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The name of the code, as in the JSON of errors.
        public let rawValue: String
        /// The code of that name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The name of the code.
        public var description: String { rawValue }

        /// A path that should exist does not exist.
        public static let notFound = Code(rawValue: "notFound")
        /// The system denied access.
        public static let permissionDenied = Code(rawValue: "permissionDenied")
        /// Reading or writing failed for another reason (EIO, ESTALE, ...).
        public static let inputOutput = Code(rawValue: "inputOutput")
        /// The disk or the quota is full.
        public static let noSpace = Code(rawValue: "noSpace")
        /// The system gives less memory than the work needs (`ulimit -v`).
        public static let noMemory = Code(rawValue: "noMemory")
        /// A file ends before what it declares.
        public static let truncated = Code(rawValue: "truncated")
        /// A checkpoint file breaks a rule of its format.
        public static let malformed = Code(rawValue: "malformed")
        /// Something is well-formed, but of a kind or version that this release does not read.
        public static let unsupported = Code(rawValue: "unsupported")
        /// A checkpoint is still being written, or lacks a part.
        public static let incomplete = Code(rawValue: "incomplete")
        /// A source file changed while it was read.
        public static let sourceChanged = Code(rawValue: "sourceChanged")
        /// A file that was to be read again holds something else now.
        public static let originalChanged = Code(rawValue: "originalChanged")
        /// Archive bytes do not match their checksum, or break a rule of the archive format.
        public static let damaged = Code(rawValue: "damaged")
        /// A step was forgotten, and its bytes pruned, while it was read.
        public static let forgotten = Code(rawValue: "forgotten")
        /// The path holds no archive.
        public static let notAnArchive = Code(rawValue: "notAnArchive")
        /// Another process writes to the archive.
        public static let locked = Code(rawValue: "locked")
        /// The request makes no sense: options that exclude each other, a step that does not exist.
        public static let usage = Code(rawValue: "usage")
        /// Something is there already and may not be overwritten.
        public static let exists = Code(rawValue: "exists")
        /// A comparison found a difference.
        public static let different = Code(rawValue: "different")
        /// The work was cancelled (SIGINT, SIGTERM, task cancellation).
        public static let interrupted = Code(rawValue: "interrupted")
    }

    /// Where it happened. Every part is optional.
    public struct Location: Hashable, Sendable {
        /// The path of the file.
        public var file: String?
        /// The first byte in that file, counted from 0.
        public var offset: UInt64?
        /// The name of the tensor or parameter.
        public var tensor: String?

        /// A location with the parts that are known.
        public init(file: String? = nil, offset: UInt64? = nil, tensor: String? = nil) {
            self.file = file
            self.offset = offset
            self.tensor = tensor
        }
    }

    /// What kind of failure this is.
    public var code: Code
    /// One sentence: what was expected and found, and what helps, if that is known. Properties and methods that help
    /// stand in backticks.
    public var message: String
    /// Where it happened.
    public var location: Location
    /// The error that led to this one; `nil` if there is none.
    public var cause: (any Error)?

    /// An error with the parts of its location that are known.
    public init(
        _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil, tensor: String? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.location = Location(file: file, offset: offset, tensor: tensor)
        self.cause = cause
    }

    /// The same error, with those parts of `location` filled in that are still unknown.
    public func at(file: String? = nil, offset: UInt64? = nil, tensor: String? = nil) -> VarveError {
        var copy = self
        copy.location.file = location.file ?? file
        copy.location.offset = location.offset ?? offset
        copy.location.tensor = location.tensor ?? tensor
        return copy
    }

    /// `FILE: at byte N: tensor NAME: MESSAGE (CAUSE)`, without the parts that are unknown.
    public var description: String {
        var text = ""
        if let file = location.file { text += "\(file): " }
        if let offset = location.offset { text += "at byte \(offset): " }
        if let tensor = location.tensor { text += "tensor \(tensor): " }
        text += message
        // That work was cancelled says no more than the message does.
        if let cause, !(cause is CancellationError) { text += " (\(cause))" }
        return text
    }
}
