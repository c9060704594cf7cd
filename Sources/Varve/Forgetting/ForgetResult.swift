/// What forgetting or pruning did, or would do.
public struct ForgetResult: Sendable, Codable {
    /// What happens to a step.
    public enum Action: String, Sendable, Codable {
        /// It stays as it is.
        case keep
        /// Its files go.
        case remove
        /// Its files lose what no other step needs.
        case reduce
        /// It is forgotten, but others need all of it, or nothing can be taken out.
        case need
    }

    public struct Step: Sendable, Codable {
        public var step: Int
        /// `true` for a version that `compress --replace` replaced.
        public var replaced: Bool?
        /// `whole` or `moments`; `nil` where nothing is forgotten.
        public var forgotten: String?
        public var pinned: Bool
        public var action: Action
        /// The earliest remaining step that builds on it.
        public var neededBy: Int?
        public var freedBytes: Int
    }

    /// Every step on disk, ascending.
    public var steps: [Step]
    /// Steps that this call marks as forgotten, wholly or their moments.
    public var forgotten: [Int]
    /// Whether the marked steps' bytes are gone (or, in a dry run, would be), so that `undo` cannot bring them back.
    public var pruned: Bool
    public var dryRun: Bool
    /// Bytes that the archive's files shrink by when what is forgotten is pruned.
    public var freedBytes: Int
    public var notices: [String]
}
