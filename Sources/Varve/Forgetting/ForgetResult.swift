/// What forgetting or pruning did, or would do.
public struct ForgetResult: Sendable, Codable {
    /// What happens to a step.
    public enum Action: String, Sendable, Codable {
        /// It stays as it is.
        case keep
        /// Its files are removed.
        case remove
        /// Its files lose what no other step needs.
        case reduce
        /// It is forgotten and stays, because others need all of it, or because nothing can be taken out.
        case need
    }

    /// A step on disk.
    public struct Step: Sendable, Codable {
        /// The step's number.
        public var step: Int
        /// `true` for a version that a later one replaced (``CompressionOptions/replaces``).
        public var replaced: Bool?
        /// `whole` or `moments`; `nil` if nothing of it is forgotten.
        public var forgotten: String?
        /// Whether no rule forgets it.
        public var pinned: Bool
        /// What pruning does to it.
        public var action: Action
        /// The earliest remaining step that builds on it; `nil` if none does.
        public var neededBy: Int?
        /// Bytes that its files shrink by.
        public var freedBytes: Int
    }

    /// Every step on disk, ascending.
    public var steps: [Step]
    /// The steps that this call marks as forgotten, or of which it marks the moments.
    public var forgotten: [Int]
    /// Whether the bytes of marked steps are gone, so that nothing brings them back. In a dry run: whether they would
    /// be.
    public var pruned: Bool
    /// Whether nothing was changed because that was asked for.
    public var dryRun: Bool
    /// Bytes that the archive's files shrink by when what is forgotten is pruned.
    public var freedBytes: Int
    /// What a user should read beside the above, in sentences.
    public var notices: [String]
}
